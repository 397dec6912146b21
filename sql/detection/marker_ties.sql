-- One row per marked call, spell outside its reach that has an address or a named person in common with it, and kind of
-- tie. Key: rule_id, marked_call_key, spell_id, via. No params. via:
-- person (name and birth date); address (the subscriber's with postcode, also of the marked number's other calls);
-- place (an incident's location or an address, either on either side), where the number is registered, was silent, or
-- reported from place_calls times: once may be a passer-by. What over most_numbers have in common ties nobody;
-- numbers that are one caller's, and holders of one number, count once.
with

-- By the row of the spell: its ids are texts, and few are left in the end.
spread as materialized (
    select
        tied_calls.value_number, spells.rowid as spell_row, any_value(tied_calls.token) as token,
        min(tied_calls.received_at) as since,
        any_value(case when spells.spells > 1 then hash(spells.caller_id) end) as several,
        bool_or(tied_calls.is_home or contents.call_key is not null) as is_at_home, count(*) as calls
    from tied_calls
    inner join caller_numbers as spells
        on
            tied_calls.token = spells.token
            and tied_calls.received_at >= spells.spell_from and tied_calls.received_at < spells.spell_to
    left join call_contents as contents on tied_calls.call_key = contents.call_key and contents.is_silent
    group by tied_calls.value_number, spells.rowid
),

-- Each number counts as one, whoever held it, or with the others of a caller of several.
holders as (
    select value_number, token, coalesce(min(several), hash(token)) as holder
    from spread
    group by value_number, token
),

few as (
    select value_number, count(distinct holder) as numbers
    from holders
    group by value_number
    having count(distinct holder) <= (select max(most_numbers) from tie_marks)
),

sharers as (
    select spread.* exclude (token, several), few.numbers, numbers.spell_id, numbers.caller_id, numbers.reach_id
    from spread
    inner join few on spread.value_number = few.value_number
    inner join caller_numbers as numbers on spread.spell_row = numbers.rowid
),

final as (
    select
        marked.rule_id, marked.call_key as marked_call_key, sharers.spell_id, sharers.caller_id, marked.via,
        greatest(marked.received_at, min(sharers.since)) as tied_at
    from tie_marks as marked
    inner join sharers
        on
            marked.value_number = sharers.value_number and marked.most_numbers >= sharers.numbers
            and (sharers.is_at_home or marked.place_calls <= sharers.calls)
    where sharers.reach_id is distinct from marked.reach_id
    group by marked.rule_id, marked.call_key, marked.received_at, sharers.spell_id, sharers.caller_id, marked.via
)

select * from final
