-- One row, or none: whom the published run takes most of some spells to be; of equals the lowest one's. Param: $spells.
with

held as (
    select caller_id, count(*) as spells, min(spell_id) as lowest
    from caller_spells
    where list_contains($spells, spell_id)
    group by caller_id
)

select caller_id
from held
order by spells desc, lowest
limit 1
