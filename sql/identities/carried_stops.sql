-- One row per rule whose stop reaches spells by the model in force and would not by the candidate. Key: rule_id.
-- No params. A hit that a person has lifted from a spell reaches it no more, by either model.
with

lifted as (
    select by_spell.rule_id, by_spell.spell_id, unnest(by_spell.hits) as hit
    from (select rule_id, unnest(spell_ids) as spell_id, hits from casebook_lifts) as by_spell
),

reached as (
    select 'then' as side, stop_sources.rule_id, stop_sources.hit, spells.spell_id
    from stop_sources
    inner join callers_then as sources on stop_sources.spell_id = sources.spell_id
    inner join callers_then as spells on sources.reach_id = spells.reach_id
    union all
    select 'now' as side, stop_sources.rule_id, stop_sources.hit, spells.spell_id
    from stop_sources
    inner join callers_now as sources on stop_sources.spell_id = sources.spell_id
    inner join callers_now as spells on sources.reach_id = spells.reach_id
),

standing as (
    select distinct reached.side, reached.rule_id, reached.spell_id
    from reached
    anti join lifted
        on
            reached.rule_id = lifted.rule_id and reached.spell_id = lifted.spell_id
            and reached.hit = lifted.hit
),

final as (
    select held.rule_id, list_sort(list(held.spell_id)) as spells
    from standing as held
    anti join standing as kept
        on held.rule_id = kept.rule_id and held.spell_id = kept.spell_id and kept.side = 'now'
    where held.side = 'then'
    group by held.rule_id
)

select * from final
order by rule_id
