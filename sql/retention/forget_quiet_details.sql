-- What identifies goes from the details of quiet numbers' calls, as at a disposal; calls and their pseudonym stay, so
-- that no count changes. The records that linkage compares go with them. No params; reads the table that quiet_lines
-- makes.
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
    );

delete from spell_records
where spell_id in (
        select caller_numbers.spell_id
        from caller_numbers
        inner join quiet_lines on caller_numbers.token = quiet_lines.token
    );

create or replace temp table gone_records as
select record_key
from vault.identity_records
where record_key not in (select record_key from spell_records where record_key is not null);

delete from vault.identity_pairs
where record_a in (select record_key from gone_records) or record_b in (select record_key from gone_records);

delete from vault.identity_features where record_key in (select record_key from gone_records);

delete from vault.identity_scored where record_key in (select record_key from gone_records);

delete from vault.identity_records where record_key in (select record_key from gone_records);

drop table temp.gone_records
