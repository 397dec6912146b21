-- One row per stale call that the kept table of calls lacks or has otherwise, as it is now. Key: call_key. No params.
-- Compared are hashes of whole rows: most calls of a stale part are what they were, and are not written again.
select arriving_calls.*
from arriving_calls
left join (
    select call_key, hash(calls) as row_hash
    from calls
    where call_key in (select call_key from stale_calls)
) as kept on arriving_calls.call_key = kept.call_key
where kept.row_hash is distinct from hash(arriving_calls)
