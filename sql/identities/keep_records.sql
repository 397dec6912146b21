-- The records of changed spells: new ones to the vault, then which spell has which. A record is inserted once.
insert into vault.identity_records by name
select
    details.record_key, any_value(details.subscriber_name) as subscriber_name,
    any_value(details.subscriber_address) as subscriber_address,
    any_value(details.subscriber_postcode) as subscriber_postcode,
    any_value(details.person_name) as person_name, any_value(details.birth_date) as birth_date
from spell_details as details
left join vault.identity_records as held on details.record_key = held.record_key
where details.record_key is not null and held.record_key is null
group by details.record_key;

insert into spell_records by name
select spell_id, calls, fingerprint, record_key from spell_details;

drop table temp.spell_details;

drop table temp.changed_spells;
