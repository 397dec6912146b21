-- One row per spell that a stop of the casebook names, and the spell that now has its calls. Key: named_id. No params.
-- A later holder's spell is gone once a late call tells that the number never passed on: the number's last spell has
-- its calls then.
with

named as (
    select unnest(spell_ids) as named_id from casebook_stops
    union
    select unnest(spell_ids) as named_id from casebook_carried_stops
    union
    select unnest(spell_ids) as named_id from casebook_kept_stops
),

gone as (
    select named_id from named
    anti join caller_numbers on named.named_id = caller_numbers.spell_id
),

-- Spells are numbered in the order in which they became settled. One call was never two holders'.
number_counts as (
    select token, max(spell_number) as spells
    from caller_numbers
    where exists (select 1 from gone) and not is_premises
    group by token
    having sum(calls) > 1
),

-- The last spell of a number has no end.
holders as (
    select
        numbers.spell_id,
        's' || left(sha256(
            replace(cast(numbers.token as varchar), '-', '') || '#' || (number_counts.spells + later.holders)
        ), 16) as named_id
    from caller_numbers as numbers
    inner join number_counts on numbers.token = number_counts.token
    cross join (values (1), (2), (3)) as later (holders)
    where numbers.spell_to = timestamp 'infinity'
),

final as (
    select named.named_id, numbers.spell_id, numbers.caller_id, numbers.reach_id
    from named
    inner join caller_numbers as numbers on named.named_id = numbers.spell_id
    union all
    select gone.named_id, numbers.spell_id, numbers.caller_id, numbers.reach_id
    from gone
    inner join holders on gone.named_id = holders.named_id
    inner join caller_numbers as numbers on holders.spell_id = numbers.spell_id
)

select * from final
