-- One row per number-holding spell, rule and hit, where the rule's stop stands on the spell and spreads from it. Key:
-- spell_id, rule_id, hit. No params. hit: the marked call; null where a person entered the stop or it was carried.
with

from_calls as (
    select number_spells.spell_id, call_stops.rule_id, cast(call_stops.call_key as varchar) as hit
    from call_stops
    inner join number_spells
        on
            call_stops.token = number_spells.token
            and call_stops.received_at >= number_spells.spell_from
            and call_stops.received_at < number_spells.spell_to
    where call_stops.is_stop and call_stops.scope = 'caller'
),

final as (
    select spell_id, rule_id, hit from from_calls
    union
    select unnest(spell_ids) as spell_id, 'person' as rule_id, null as hit from casebook_stops
    union
    select unnest(spell_ids) as spell_id, rule_id, null as hit from casebook_carried_stops
)

select * from final
