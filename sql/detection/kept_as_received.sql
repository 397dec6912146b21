-- One row: whether the kept table of calls has just the calls that are in before the end of as-of, each in the version
-- of now. Param: $end_at. A version comes with a batch of its own; hashes of both, whatever the order.
with

kept as (
    select count(*) as calls, bit_xor(hash(hash(batch_id, call_key, received_at))) as fingerprint
    from calls
),

received as (
    select count(*) as calls, bit_xor(hash(hash(batch_id, call_key, received_at))) as fingerprint
    from call_records
    where received_at < cast($end_at as timestamp)
)

select kept.calls = received.calls and coalesce(kept.fingerprint = received.fingerprint, true) as is_as_received
from kept
cross join received
