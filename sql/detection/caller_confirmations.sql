-- One row per caller of several number-holding spells who has a misuse call in the headline window. Key: caller_id.
-- No params. Enforcement never rests on an unconfirmed link: misuse_calls_confirmed are those of the largest group of
-- spells that people alone joined, where one spell is a group too. unconfirmed_links are joins that no person has
-- confirmed: one fewer than there are such groups.
with

spells as (
    select caller_numbers.spell_id, caller_numbers.caller_id, spell_groups.confirmed_group
    from caller_numbers
    inner join spell_groups on caller_numbers.spell_id = spell_groups.spell_id
    where caller_numbers.spells > 1
),

misuse as (
    select calls.spell_id, count(*) as misuse_calls
    from window_calls
    inner join calls on window_calls.call_key = calls.call_key
    where
        window_calls.window_name = 'headline' and window_calls.is_misuse
        and calls.spell_id in (select spell_id from spells)
    group by calls.spell_id
),

confirmed as (
    select spells.caller_id, spells.confirmed_group, coalesce(sum(misuse.misuse_calls), 0) as misuse_calls
    from spells
    left join misuse on spells.spell_id = misuse.spell_id
    group by spells.caller_id, spells.confirmed_group
),

final as (
    select
        caller_id, count(*) - 1 as unconfirmed_links, cast(max(misuse_calls) as bigint) as misuse_calls_confirmed
    from confirmed
    group by caller_id
    having sum(misuse_calls) > 0
)

select * from final
