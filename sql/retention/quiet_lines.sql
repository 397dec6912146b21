-- One row per number or premises of a caller on whom nobody ever acted and who has not called since a day: nothing
-- confirms that who held it is anybody's concern. Key: token. Params: $before, $kept_spells (of cases and stops).
-- Whoever a rule's hit reaches, at whichever call, is kept whole, since remarks, addresses and names are what it hangs
-- on; so is a number that passed on or is linked to others, since that hangs on the details too.
with

kept as (
    select distinct caller_id
    from caller_numbers
    where list_contains($kept_spells, spell_id) or spells > 1
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
)

-- A number that somebody else holds too stays while that one is not quiet.
select token
from caller_numbers
group by token
having bool_and(caller_id in (select caller_id from quiet)) and count(*) = 1
    and token not in (select call_stops.token from call_stops where call_stops.token is not null)
