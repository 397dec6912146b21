-- One row per stop that a person entered and number-holding spell of another number that has a call now which the last
-- published copy had under the stop: its number was corrected. Key: stop_id, spell_id. No params.
-- calls_under_stops: of that copy. Where the stop stands already nothing is told: what it moved to once, the casebook
-- keeps.
with

standing as (
    select cast(stop_id as varchar) as hit, unnest(spell_ids) as spell_id
    from casebook_stops
    union all
    select hit, unnest(spell_ids) as spell_id
    from casebook_kept_stops
    where rule_id = 'person'
),

final as (
    select distinct held.stop_id, spells.spell_id
    from calls_under_stops as held
    inner join call_records as calls on cast(held.call_key as uuid) = calls.call_key
    inner join number_spells as spells
        on
            coalesce(calls.number_token, calls.premises_token) = spells.token
            and calls.received_at >= spells.spell_from and calls.received_at < spells.spell_to
    left join number_spells as before on held.spell_id = before.spell_id
    left join standing
        on cast(held.stop_id as varchar) = standing.hit and spells.spell_id = standing.spell_id
    where standing.hit is null and before.token is distinct from spells.token
)

select * from final
