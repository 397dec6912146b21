-- What identifies goes from the details of a line's calls within the bounds; that there was a call stays, and its
-- markers, which bar it from being taken for misuse. Params: $token, $held_from, $held_to (null: no end).
update vault.call_details
set
    call_id = 'put away', cli = null, premises = null, subscriber_name = null, subscriber_address = null,
    subscriber_postcode = null, person_name = null, birth_date = null, incident_location = null, incident_ref = null,
    linked_ref = null, handler_ref = null, remarks = null, recording_ref = null, free_text_codes = null
where
    call_key in (
        select call_key
        from call_records
        where
            coalesce(number_token, premises_token) = $token::uuid
            and received_at >= coalesce($held_from::timestamp, '-infinity'::timestamp)
            and received_at < coalesce($held_to::timestamp, 'infinity'::timestamp)
    )
