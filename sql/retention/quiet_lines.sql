-- One row per number or premises of a caller on whom nobody ever acted and who has not called since a day: nothing
-- confirms that who held it is anybody's concern. Key: token. Params: $before, $kept_spells (of cases and stops),
-- $number_gap_days.
-- Whoever a rule's hit reaches, at whichever call, is kept whole, since remarks, addresses and names are what it hangs
-- on; so is a number that passed on, fell silent for long or is linked to others, by however little, since that hangs
-- on the details too. And one with a call that the last run did not count as it is now: nothing is known of that call.
with

levels as (
    select caller_id, unnest([1, 2, 3]) as level, unnest([standard_id, loose_id, reach_id]) as level_id
    from caller_numbers
),

linked as (
    select level, level_id
    from levels
    group by level, level_id
    having count(distinct caller_id) > 1
),

kept as (
    select distinct caller_id
    from caller_numbers
    where list_contains($kept_spells, spell_id) or spells > 1
    union
    select levels.caller_id
    from levels
    inner join linked on levels.level = linked.level and levels.level_id = linked.level_id
    union
    select caller_id from stop_reach
    union
    select caller_id from call_hits
),

quiet as (
    select caller_id
    from caller_numbers
    where caller_id not in (select caller_id from kept)
    group by caller_id
    having max(last_call_at) < $before
),

-- A number that somebody else holds too stays while that one is not quiet.
quiet_tokens as (
    select token
    from caller_numbers
    group by token
    having bool_and(caller_id in (select caller_id from quiet)) and count(*) = 1
        and token not in (select call_stops.token from call_stops where call_stops.token is not null)
),

their_calls as (
    select call_key, batch_id, received_at, coalesce(number_token, premises_token) as token
    from call_records
    where coalesce(number_token, premises_token) in (select quiet_tokens.token from quiet_tokens)
),

unrun as (
    select their_calls.token
    from their_calls
    anti join calls
        on
            their_calls.call_key = calls.call_key and their_calls.batch_id = calls.batch_id
            and their_calls.received_at = calls.received_at
),

gaps as (
    select token, received_at - lag(received_at) over (partition by token order by received_at) as silence
    from their_calls
),

fell_silent as (
    select distinct token
    from gaps
    where silence >= to_days(cast($number_gap_days as integer))
)

select token
from quiet_tokens
where
    token not in (select unrun.token from unrun)
    and token not in (select fell_silent.token from fell_silent)
