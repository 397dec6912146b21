-- What identifies goes from the details of some versions of calls; that there was a call stays, and its markers, which
-- bar it from being taken for misuse. No params; reads the table put_away_calls.
update vault.call_details
set
    call_id = 'put away', cli = null, premises = null, subscriber_name = null, subscriber_address = null,
    subscriber_postcode = null, person_name = null, birth_date = null, incident_location = null, incident_ref = null,
    linked_ref = null, handler_ref = null, remarks = null, recording_ref = null, free_text_codes = null
where
    call_id <> 'put away'
    and (call_key, content_digest) in (select (call_key, content_digest) from put_away_calls)
