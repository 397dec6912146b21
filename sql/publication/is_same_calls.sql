-- One row: whether the copy holds the calls that the warehouse holds, of the same callers, as misuse or stopped alike.
-- No params. Told from what was put in, and not compared, a row might be wrong for ever.
with

held as (
    select
        count(*) as calls,
        bit_xor(hash(hash(
            call_key, caller_id, received_at, is_coded_misuse, is_stopped, is_doubtful, is_misuse, episode_number
        ))) as fingerprint
    from calls
),

copied as (
    select
        count(*) as calls,
        bit_xor(hash(hash(
            call_key, caller_id, received_at, is_coded_misuse, is_stopped, is_doubtful, is_misuse, episode_number
        ))) as fingerprint
    from outgoing.calls
)

select held.calls = copied.calls and coalesce(held.fingerprint = copied.fingerprint, true) as is_same
from held
cross join copied
