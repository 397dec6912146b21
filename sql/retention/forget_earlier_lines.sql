-- The same of earlier versions of those calls. Params: $token, $held_from, $held_to (null: no end).
update superseded_call_records
set number_token = null, premises_token = null, cli_token = null, number_kind = 'absent', cli_status = null
where
    coalesce(number_token, premises_token) = $token::uuid
    and received_at >= coalesce($held_from::timestamp, '-infinity'::timestamp)
    and received_at < coalesce($held_to::timestamp, 'infinity'::timestamp)
