-- One row per number-holding spell asked for: the line's pseudonym and the bounds within which it was that holder's.
-- Key: spell_id. Param: $spells. A bound that has no end is null. A silence that is not settled yet parts nobody in a
-- run, but whoever called after it may be somebody else: the bound is there.
with

asked as (
    select * from caller_numbers where list_contains($spells, spell_id)
),

splits as (
    select token, unnest(splits, recursive := true)
    from number_evidence
    where token in (select asked.token from asked)
),

ends as (
    select asked.spell_id, min(splits.split_at) as split_at
    from asked
    inner join splits on asked.token = splits.token and asked.spell_from < splits.split_at
    group by asked.spell_id
),

bounded as (
    select asked.* replace (least(asked.spell_to, coalesce(ends.split_at, asked.spell_to)) as spell_to)
    from asked
    left join ends on asked.spell_id = ends.spell_id
)

select
    spell_id, token::varchar as token, is_premises,
    case when isfinite(spell_from) then spell_from end as held_from,
    case when isfinite(spell_to) then spell_to end as held_to,
    first_call_at, least(last_call_at, spell_to) as last_call_at
from bounded
order by spell_id
