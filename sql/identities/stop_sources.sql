-- One row per number-holding spell and rule whose stop stands on it and spreads from it. Key: spell_id, rule_id.
-- No params. last_at: when the rule was last hit there, a call that whoever lifted the rule had not seen counting as
-- later than their lift; null where a person entered the stop or it was carried.
with

unseen as (
    select call_stops.call_key, call_stops.rule_id, max(lifts.lifted_at) + interval 1 microsecond as known_at
    from casebook_lifts as lifts
    inner join call_stops on lifts.rule_id = call_stops.rule_id
    inner join call_records as marked on call_stops.call_key = marked.call_key
    where not list_contains(lifts.seen_batches, marked.batch_id) or marked.received_at > lifts.seen_to
    group by call_stops.call_key, call_stops.rule_id
),

from_calls as (
    select
        number_spells.spell_id, call_stops.rule_id, greatest(call_stops.received_at, unseen.known_at) as last_at
    from call_stops
    left join unseen on call_stops.call_key = unseen.call_key and call_stops.rule_id = unseen.rule_id
    inner join number_spells
        on
            call_stops.token = number_spells.token
            and call_stops.received_at >= number_spells.spell_from
            and call_stops.received_at < number_spells.spell_to
    where call_stops.is_stop and call_stops.scope = 'caller'
),

sources as (
    select spell_id, rule_id, last_at from from_calls
    union all
    select unnest(spell_ids) as spell_id, 'person' as rule_id, null as last_at from casebook_stops
    union all
    select unnest(spell_ids) as spell_id, rule_id, null as last_at from casebook_carried_stops
),

final as (
    select
        spell_id, rule_id,
        case when bool_or(last_at is null) then null else max(last_at) end as last_at
    from sources
    group by spell_id, rule_id
)

select * from final
