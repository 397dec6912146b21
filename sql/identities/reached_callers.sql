-- One row per caller whom a stop reaches: one with a spell in the reach of a stopped spell. Key: caller_id.
-- Params: $spells, $urgent_spells. The published copy's reach, so for stops that it does not know of yet.
with

stopped as (
    select reach_id, bool_or(list_contains($urgent_spells, spell_id)) as is_urgent
    from caller_spells
    where list_contains($spells, spell_id)
    group by reach_id
),

final as (
    select caller_spells.caller_id, bool_or(stopped.is_urgent) as is_urgent
    from caller_spells
    inner join stopped on caller_spells.reach_id = stopped.reach_id
    group by caller_spells.caller_id
)

select * from final
order by caller_id
