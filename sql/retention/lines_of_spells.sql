-- One row per number-holding spell asked for: the line's pseudonym and the bounds within which it was that holder's.
-- Key: spell_id. Param: $spells. A bound that has no end is null. A silence that is not settled yet parts nobody in a
-- run, but whoever called after it may be somebody else: the bound is there. So is it at the first call after the day
-- that the last run speaks for: a log that breaks off in the morning has such calls every night.
with

asked as (
    select * from caller_numbers where list_contains($spells, spell_id)
),

splits as (
    select token, unnest(splits, recursive := true)
    from number_evidence
    where token in (select asked.token from asked)
),

their_calls as (
    select coalesce(number_token, premises_token) as token, received_at
    from call_records
    where coalesce(number_token, premises_token) in (select asked.token from asked)
),

marks as (
    select token, split_at as ends_at from splits
    union all
    select token, received_at as ends_at
    from their_calls
    where received_at >= (select max(window_to) from windows)
),

ends as (
    select asked.spell_id, min(marks.ends_at) as ends_at
    from asked
    inner join marks on asked.token = marks.token and asked.spell_from < marks.ends_at
    group by asked.spell_id
),

bounded as (
    select asked.* replace (least(asked.spell_to, coalesce(ends.ends_at, asked.spell_to)) as spell_to)
    from asked
    left join ends on asked.spell_id = ends.spell_id
)

select
    bounded.spell_id, bounded.token::varchar as token, bounded.is_premises,
    case when isfinite(bounded.spell_from) then bounded.spell_from end as held_from,
    case when isfinite(bounded.spell_to) then bounded.spell_to end as held_to,
    bounded.first_call_at, max(their_calls.received_at) as last_call_at
from bounded
left join their_calls
    on
        bounded.token = their_calls.token
        and bounded.spell_from <= their_calls.received_at and bounded.spell_to > their_calls.received_at
group by all
order by bounded.spell_id
