-- One row per caller of now with a spell of a frozen list's, and none of a case that was acted on. Key: caller_id.
-- Params: $pool, $acted: spells.
with

pool as (
    select unnest($pool::varchar[]) as spell_id
),

acted as (
    select caller_spells.caller_id
    from caller_spells
    inner join (select unnest($acted::varchar[]) as spell_id) as spells on caller_spells.spell_id = spells.spell_id
)

select distinct caller_spells.caller_id
from caller_spells
inner join pool on caller_spells.spell_id = pool.spell_id
where caller_spells.caller_id not in (select acted.caller_id from acted)
order by caller_spells.caller_id
