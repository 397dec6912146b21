-- What identifies goes from the details of quiet numbers' calls, as at a disposal; calls and their pseudonym stay, so
-- that no count changes. No params; reads the table that quiet_lines makes.
update vault.call_details
set
    call_id = 'put away', cli = null, premises = null, subscriber_name = null, subscriber_address = null,
    subscriber_postcode = null, person_name = null, birth_date = null, incident_location = null, incident_ref = null,
    linked_ref = null, handler_ref = null, remarks = null, recording_ref = null, free_text_codes = null
where
    call_id <> 'put away'
    and call_key in (
        select call_key
        from call_records
        where coalesce(number_token, premises_token) in (select quiet_lines.token from quiet_lines)
    )
