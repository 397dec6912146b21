-- What identifies goes to the vault first, tagged with its batch; a second try replaces the first.
delete from vault.call_details where batch_id = $batch_id;
delete from vault.rejected_rows where batch_id = $batch_id;

insert into vault.call_details by name
select
    call_key, content_digest, batch_id, call_id, cli, premises, subscriber_name, subscriber_address,
    subscriber_postcode, person_name, birth_date, incident_location, incident_ref, linked_ref, handler_ref, markers,
    remarks, recording_ref, free_text_codes
from arriving_details;

insert into vault.numbers by name
select distinct number_token, e164, number_kind, $batch_id as batch_id
from parsed_rows
where number_token is not null and number_token not in (select number_token from vault.numbers);

insert into vault.premises by name
select premises_token, min(premises) as premises, $batch_id as batch_id
from parsed_rows
where premises_token is not null and premises_token not in (select premises_token from vault.premises)
group by premises_token;

insert into vault.rejected_rows by name
select $batch_id as batch_id, row_number, reason, raw, $now as rejected_at
from rejected_raw;
