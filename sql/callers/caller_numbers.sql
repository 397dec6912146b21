-- One row per number-holding spell, and premises, with a call before the end of as-of: whose it is. Key: spell_id.
-- No params. caller_id is a function of the set of spells that are one caller's at the strict level, as standard_id and
-- loose_id are at theirs; reach_id is of all that stops spread over. A spell that nothing joins to another is a caller.
-- spells: how many the caller has.
with

members as (
    select spell_id, 'strict' as level, strict_group as member_of from spell_groups where strict_group is not null
    union all
    select spell_id, 'standard' as level, standard_group as member_of from spell_groups where standard_group is not null
    union all
    select spell_id, 'loose' as level, loose_group as member_of from spell_groups where loose_group is not null
    union all
    select spell_id, 'reach' as level, reach_group as member_of from spell_groups where reach_group is not null
),

sets as (
    select
        level, member_of, count(*) as spells,
        'c' || left(sha256(string_agg(spell_id, ',' order by spell_id)), 16) as set_id
    from members
    group by level, member_of
),

-- Confirmed: people joined every spell of the caller, the program none.
confirmed as (
    select strict_group
    from spell_groups
    where strict_group is not null
    group by strict_group
    having min(confirmed_group) = max(confirmed_group)
),

grouped as (
    select
        spell_groups.spell_id, strict_sets.set_id as caller_id, standard_sets.set_id as standard_id,
        loose_sets.set_id as loose_id, reach_sets.set_id as reach_id, strict_sets.spells,
        confirmed.strict_group is not null as is_confirmed
    from spell_groups
    left join sets as strict_sets
        on spell_groups.strict_group = strict_sets.member_of and strict_sets.level = 'strict'
    left join sets as standard_sets
        on spell_groups.standard_group = standard_sets.member_of and standard_sets.level = 'standard'
    left join sets as loose_sets
        on spell_groups.loose_group = loose_sets.member_of and loose_sets.level = 'loose'
    left join sets as reach_sets
        on spell_groups.reach_group = reach_sets.member_of and reach_sets.level = 'reach'
    left join confirmed on spell_groups.strict_group = confirmed.strict_group
),

final as (
    select
        number_spells.* exclude (number_kind),
        case when shared_spells.is_payphone then 'payphone' else number_spells.number_kind end as number_kind,
        coalesce(grouped.caller_id, 'c' || substr(number_spells.spell_id, 2)) as caller_id,
        coalesce(grouped.standard_id, 'c' || substr(number_spells.spell_id, 2)) as standard_id,
        coalesce(grouped.loose_id, 'c' || substr(number_spells.spell_id, 2)) as loose_id,
        coalesce(grouped.reach_id, 'c' || substr(number_spells.spell_id, 2)) as reach_id,
        coalesce(grouped.spells, 1) as spells,
        case
            when number_spells.is_premises then 'premises'
            when shared_spells.spell_id is not null then 'shared_line'
            else 'person'
        end as identity_kind,
        case
            when number_spells.is_premises then 'premises'
            when shared_spells.spell_id is not null then shared_spells.basis
            when coalesce(grouped.spells, 1) = 1 then 'single_number'
            when grouped.is_confirmed then 'confirmed'
            else 'linked'
        end as identity_basis
    from number_spells
    left join grouped on number_spells.spell_id = grouped.spell_id
    left join shared_spells on number_spells.spell_id = shared_spells.spell_id
)

select * from final
