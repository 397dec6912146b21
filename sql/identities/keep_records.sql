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

-- Who held one number in turn, with what is known of each.
create or replace temp table held_in_turn as
with

turns as (
    select distinct
        least(earlier_records.record_key, later_records.record_key) as record_a,
        greatest(earlier_records.record_key, later_records.record_key) as record_b
    from number_spells as earlier
    inner join number_spells as later on earlier.token = later.token and earlier.spell_from < later.spell_from
    inner join spell_records as earlier_records on earlier.spell_id = earlier_records.spell_id
    inner join spell_records as later_records on later.spell_id = later_records.spell_id
    where
        earlier_records.record_key is not null and later_records.record_key is not null
        and later.spell_from > timestamp '-infinity'
)

from turns;

insert into vault.identity_turns by name
select found.*
from held_in_turn as found
left join vault.identity_turns as held on found.record_a = held.record_a and found.record_b = held.record_b
where held.record_a is null;

drop table temp.spell_details;

drop table temp.spell_combinations;

drop table temp.changed_spells;
