-- One row per marked call, spell outside its reach that has an address or a named person in common with it, and kind of
-- tie. Key: rule_id, marked_call_key, spell_id, via. Param: $end_at. All inside the vault: no value leaves it. via:
-- person (name and birth date); address (the subscriber's with postcode, also of the marked number's other calls);
-- place (an incident's location or an address, either on either side), where the number is registered, was silent, or
-- reported from place_calls times: once may be a passer-by. What over most_numbers have in common ties nobody.
with

folded as (
    select
        calls.call_key, calls.received_at, coalesce(calls.number_token, calls.premises_token) as token,
        regexp_replace(upper(strip_accents(details.subscriber_address)), '[^A-Z0-9]+', '', 'g') as home,
        nullif(regexp_replace(upper(details.subscriber_postcode), '[^A-Z0-9]+', '', 'g'), '') as postcode,
        regexp_replace(upper(strip_accents(details.incident_location)), '[^A-Z0-9]+', '', 'g') as location,
        nullif(regexp_replace(upper(strip_accents(details.person_name)), '[^\p{L}\p{N}]+', '', 'g'), '')
        || '|' || nullif(regexp_replace(upper(details.birth_date), '[^A-Z0-9]+', '', 'g'), '') as person
    from vault.call_details as details
    inner join call_records as calls
        on details.call_key = calls.call_key and details.content_digest = calls.content_digest
    where
        calls.received_at < cast($end_at as timestamp)
        and coalesce(details.subscriber_address, details.incident_location, details.person_name) is not null
        and exists (select 1 from rule_patterns where pattern = 'ties')
),

marked as (
    select
        rules.*, hits.call_key, hits.received_at, coalesce(hits.token, hits.call_key) as line, numbers.reach_id
    from call_stops as hits
    inner join rule_patterns as rules on hits.rule_id = rules.rule_id and rules.pattern = 'ties'
    left join caller_numbers as numbers
        on hits.token = numbers.token and hits.received_at >= numbers.spell_from and hits.received_at < numbers.spell_to
    where hits.is_stop
),

near as (
    select unnest([person, home, home || postcode, location]) as value
    from folded
    where coalesce(token, call_key) in (select line from marked)
),

common as (
    select
        call_key, received_at, token,
        unnest([
            struct_pack(via := 'person', value := person, word := split_part(person, '|', 1), is_home := true),
            struct_pack(via := 'address', value := home || '|' || postcode, word := home, is_home := true),
            struct_pack(via := 'place', value := home || postcode, word := home, is_home := true),
            struct_pack(via := 'place', value := home, word := home, is_home := true),
            struct_pack(via := 'place', value := location, word := location, is_home := false)
        ], recursive := true)
    from folded
    where
        person in (select value from near) or home in (select value from near)
        or home || postcode in (select value from near) or location in (select value from near)
),

valued as (
    select * from common
    where
        length(value) >= 6
        and word not in (select replace(words, ' ', '') from rule_lists where list_id = 'nowhere')
),

marked_values as (
    select distinct marked.*, valued.via, valued.value
    from marked
    inner join valued
        on
            marked.line = coalesce(valued.token, valued.call_key)
            and (valued.via = 'address' or marked.call_key = valued.call_key)
),

sharers as (
    select
        valued.via, valued.value, spells.spell_id, spells.caller_id, spells.reach_id, min(valued.received_at) as since,
        bool_or(valued.is_home or contents.call_key is not null) as is_at_home, count(*) as calls,
        count(*) over (partition by valued.via, valued.value) as spells
    from valued
    inner join caller_numbers as spells
        on
            valued.token = spells.token
            and valued.received_at >= spells.spell_from and valued.received_at < spells.spell_to
    left join call_contents as contents on valued.call_key = contents.call_key and contents.is_silent
    group by valued.via, valued.value, spells.spell_id, spells.caller_id, spells.reach_id
),

final as (
    select
        marked.rule_id, marked.call_key as marked_call_key, sharers.spell_id, sharers.caller_id, marked.via,
        greatest(marked.received_at, min(sharers.since)) as tied_at
    from marked_values as marked
    inner join sharers
        on
            marked.via = sharers.via and marked.value = sharers.value and marked.most_numbers >= sharers.spells
            and (sharers.is_at_home or marked.place_calls <= sharers.calls)
    where sharers.reach_id is distinct from marked.reach_id
    group by marked.rule_id, marked.call_key, marked.received_at, sharers.spell_id, sharers.caller_id, marked.via
)

select * from final
