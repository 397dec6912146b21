-- One row per marked call, spell outside its reach that has an address or a named person in common with it, and kind of
-- tie. Key: rule_id, marked_call_key, spell_id, via. Param: $end_at. All inside the vault: no value leaves it. via:
-- person (name and birth date); address (the subscriber's with postcode, also of the marked number's other calls);
-- place (an incident's location or an address, either on either side), where the number is registered, was silent, or
-- reported from place_calls times: once may be a passer-by. What over most_numbers have in common ties nobody.
with

folded as (
    select
        call_key, content_digest, folded_place(subscriber_address) as home,
        nullif(folded_place(subscriber_postcode), '') as postcode, folded_place(incident_location) as location,
        folded_person(person_name, birth_date) as person
    from vault.call_details
    where
        coalesce(subscriber_address, incident_location, person_name) is not null
        and exists (select 1 from tie_marks)
),

-- What marked calls have, and of an address the home alone: few details hold any of it, so that the others are neither
-- taken apart nor joined to their calls.
marked_values as (
    select value from tie_marks
    union
    select split_part(value, ' ', 1) as value from tie_marks where via = 'address'
),

likely as (
    select *
    from folded
    where
        home in (select value from marked_values)
        or home || postcode in (select value from marked_values)
        or location in (select value from marked_values)
        or person in (select value from marked_values)
),

told as (
    select call_key, content_digest, unnest(tie_values(home, postcode, location, person), recursive := true)
    from likely
),

-- From here on a value is its number: many calls go through the joins, and texts would take most of their memory.
numbered as materialized (
    select row_number() over () as value_number, via, value
    from (select distinct via, value from tie_marks) as kinds
),

sieved as (
    select told.call_key, told.content_digest, numbered.value_number, told.is_home
    from told
    inner join numbered on told.value = numbered.value and told.via = numbered.via
    where told.word not in (select replace(words, ' ', '') from rule_lists where list_id = 'nowhere')
),

tied as (
    select
        sieved.call_key, sieved.value_number, sieved.is_home, calls.received_at,
        coalesce(calls.number_token, calls.premises_token) as token
    from call_records as calls
    inner join sieved on calls.call_key = sieved.call_key and calls.content_digest = sieved.content_digest
    where calls.received_at < cast($end_at as timestamp)
),

sharers as (
    select
        tied.value_number, spells.spell_id, spells.caller_id, spells.reach_id, min(tied.received_at) as since,
        bool_or(tied.is_home or contents.call_key is not null) as is_at_home, count(*) as calls,
        count(*) over (partition by tied.value_number) as spells
    from tied
    inner join caller_numbers as spells
        on
            tied.token = spells.token
            and tied.received_at >= spells.spell_from and tied.received_at < spells.spell_to
    left join call_contents as contents on tied.call_key = contents.call_key and contents.is_silent
    group by tied.value_number, spells.spell_id, spells.caller_id, spells.reach_id
),

final as (
    select
        marked.rule_id, marked.call_key as marked_call_key, sharers.spell_id, sharers.caller_id, marked.via,
        greatest(marked.received_at, min(sharers.since)) as tied_at
    from tie_marks as marked
    inner join numbered on marked.via = numbered.via and marked.value = numbered.value
    inner join sharers
        on
            numbered.value_number = sharers.value_number and marked.most_numbers >= sharers.spells
            and (sharers.is_at_home or marked.place_calls <= sharers.calls)
    where sharers.reach_id is distinct from marked.reach_id
    group by marked.rule_id, marked.call_key, marked.received_at, sharers.spell_id, sharers.caller_id, marked.via
)

select * from final
