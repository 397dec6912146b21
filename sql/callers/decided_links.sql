-- One row per pair of number-holding spells that people decided on, where both are still there and somebody's. Key:
-- spell_a, spell_b. No params. A pair is in casebook_links once: the newest decision on it.
with

pairs as (
    select decision, unnest(spells_a) as spell_a, spells_b
    from casebook_links
),

crossed as (
    select decision, spell_a, unnest(spells_b) as spell_b
    from pairs
),

final as (
    select
        least(one.spell_id, other.spell_id) as spell_a, greatest(one.spell_id, other.spell_id) as spell_b,
        least(one.position, other.position) as position_a, greatest(one.position, other.position) as position_b,
        min(crossed.decision) as decision
    from crossed
    inner join linked_spells as one on crossed.spell_a = one.spell_id
    inner join linked_spells as other on crossed.spell_b = other.spell_id
    where one.spell_id <> other.spell_id and not one.is_nobodys and not other.is_nobodys
    group by 1, 2, 3, 4
)

select * from final
