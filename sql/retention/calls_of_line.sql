-- One row per call of a line within the bounds. Key: call_key. Params: $token, $held_from, $held_to (null: no end).
select call_key
from call_records
where
    coalesce(number_token, premises_token) = $token::uuid
    and received_at >= coalesce($held_from::timestamp, '-infinity'::timestamp)
    and received_at < coalesce($held_to::timestamp, 'infinity'::timestamp)
