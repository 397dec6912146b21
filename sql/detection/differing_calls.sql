-- One row per call that the table kept from the last run lacks or has otherwise, as it is now. Key: call_key.
-- Param: $most_calls: over so many all are made anew, whichever these are. Run over detection/calls. Compared are
-- hashes of whole rows, so that nothing has to be known of why a row changed; what is the same is not written again.
select calls.*
from calls
left join (select call_key, hash(kept_calls) as row_hash from kept_calls) as kept on calls.call_key = kept.call_key
where kept.row_hash is distinct from hash(calls)
limit cast($most_calls as bigint) + 1 -- noqa: AM09
