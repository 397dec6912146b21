-- One row per person who may ever have had enough contacts to be a frequent one, and rule that asks for such.
-- Key: rule_id, reach_id. Param: $end_at. A sieve, that the calls of few be put in order: whoever has so many contacts
-- in the rule's days has half of them in one of the spans of as many days, counted from 1970.
with

limits as (
    select rule_id, contacts, days from rule_patterns where pattern = 'new_content'
),

persons as (
    select token, spell_from, spell_to, reach_id, calls
    from caller_numbers
    where identity_kind = 'person'
),

callers as (
    select limits.rule_id, limits.contacts, limits.days, persons.reach_id
    from persons
    cross join limits
    group by limits.rule_id, limits.contacts, limits.days, persons.reach_id
    having sum(persons.calls) > limits.contacts
),

spells as (
    select callers.*, persons.token, persons.spell_from, persons.spell_to
    from persons
    inner join callers on persons.reach_id = callers.reach_id
),

spans as (
    select spells.rule_id, spells.reach_id
    from call_records
    inner join spells
        on
            call_records.number_token = spells.token
            and call_records.received_at >= spells.spell_from and call_records.received_at < spells.spell_to
    where call_records.received_at < cast($end_at as timestamp)
    group by
        spells.rule_id, spells.reach_id, spells.contacts,
        epoch_us(call_records.received_at) // (spells.days * 86400000000)
    having count(*) * 2 >= spells.contacts
)

select distinct rule_id, reach_id from spans
