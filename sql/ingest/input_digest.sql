-- One row: how many calls are in and a fingerprint of the set of their current versions, free of order and files.
select
    count(*) as calls,
    coalesce(bit_xor(hash(call_key, content_digest)), 0)::varchar as fingerprint
from call_records
