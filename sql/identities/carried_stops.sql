-- One row per rule whose stop reaches spells by the model in force and would not by the candidate. Key: rule_id.
-- No params. A stop that a person has lifted from a spell since its last hit is not carried there.
with

reached_then as (
    select
        stop_sources.rule_id, spells.spell_id,
        case when bool_or(stop_sources.last_at is null) then null else max(stop_sources.last_at) end as last_at
    from stop_sources
    inner join callers_then as sources on stop_sources.spell_id = sources.spell_id
    inner join callers_then as spells on sources.reach_id = spells.reach_id
    group by stop_sources.rule_id, spells.spell_id
),

reached_now as (
    select distinct stop_sources.rule_id, spells.spell_id
    from stop_sources
    inner join callers_now as sources on stop_sources.spell_id = sources.spell_id
    inner join callers_now as spells on sources.reach_id = spells.reach_id
),

lifts as (
    select rule_id, unnest(spell_ids) as spell_id, lifted_at from casebook_lifts
),

lifted as (
    select distinct reached_then.rule_id, reached_then.spell_id
    from reached_then
    inner join lifts
        on
            reached_then.rule_id = lifts.rule_id and reached_then.spell_id = lifts.spell_id
            and reached_then.last_at <= lifts.lifted_at
),

final as (
    select reached_then.rule_id, list_sort(list(reached_then.spell_id)) as spells
    from reached_then
    anti join reached_now
        on reached_then.rule_id = reached_now.rule_id and reached_then.spell_id = reached_now.spell_id
    anti join lifted on reached_then.rule_id = lifted.rule_id and reached_then.spell_id = lifted.spell_id
    group by reached_then.rule_id
)

select * from final
order by rule_id
