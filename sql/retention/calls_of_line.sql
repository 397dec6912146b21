-- One row per version of a call that is of a line within the bounds; of one that only an earlier version says to be,
-- that version. Key: call_key, content_digest. Params: $token, $held_from, $held_to (null: no end).
with

counting as (
    select call_key
    from call_records
    where
        coalesce(number_token, premises_token) = $token::uuid
        and received_at >= coalesce($held_from::timestamp, '-infinity'::timestamp)
        and received_at < coalesce($held_to::timestamp, 'infinity'::timestamp)
)

select call_key, content_digest
from call_records
where call_key in (select call_key from counting)
union
select call_key, content_digest
from superseded_call_records
where
    call_key in (select call_key from counting)
    or (
        coalesce(number_token, premises_token) = $token::uuid
        and received_at >= coalesce($held_from::timestamp, '-infinity'::timestamp)
        and received_at < coalesce($held_to::timestamp, 'infinity'::timestamp)
    )
