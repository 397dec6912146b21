-- One row per number or premises of a caller on whom nobody ever acted and who has not called since a day: nothing
-- confirms that who held it is anybody's concern. Key: token. Params: $before, $kept_spells (of cases and stops).
with

kept as (
    select distinct caller_id
    from caller_numbers
    where list_contains($kept_spells, spell_id)
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
having bool_and(caller_id in (select caller_id from quiet))
