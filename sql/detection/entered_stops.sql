-- One row per stop that a person entered, or that was carried over a change of model, and number-holding spell on which
-- it stands. Key: hit, rule_id, spell_id. No params. hit: the stop's event, or 'carried'. is_moved: the spell is of
-- another number, to which a correction moved a call that the last published copy had under the stop. caller_id: whom
-- it was entered on, by the id of then; a stop of whom nothing is known any more has 'no spell'.
with

entered as (
    select
        'person_entered' as via, 'person' as rule_id, cast(stop_id as varchar) as hit, stopped_at as hit_at, is_urgent,
        caller_id, unnest(coalesce(nullif(spell_ids, []), ['no spell'])) as spell_id, false as is_moved
    from casebook_stops
),

moved as (
    select
        'person_entered' as via, 'person' as rule_id, cast(stops.stop_id as varchar) as hit, stops.stopped_at as hit_at,
        stops.is_urgent, cast(null as varchar) as caller_id, moved_stops.spell_id, true as is_moved
    from moved_stops
    inner join casebook_stops as stops on moved_stops.stop_id = stops.stop_id
),

carried as (
    select
        'carried' as via, rule_id, 'carried' as hit, cast(null as timestamp) as hit_at,
        cast(null as boolean) as is_urgent, cast(null as varchar) as caller_id, unnest(spell_ids) as spell_id,
        false as is_moved
    from casebook_carried_stops
),

final as (
    select * from entered
    union all
    select * from moved
    union all
    select * from carried
)

select * from final
