-- A caller's id is a function of its number-holding spells at every level of identity, and each level lies in the next.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} callers are not the set of their numbers: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
with

-- A spell that is a caller by itself, at every level, bears its own id and needs no more: nearly all do.
joined as (
    select *
    from (select *, 'c' || substr(spell_id, 2) as own_id from caller_spells) as spells
    where
        caller_id is distinct from own_id or standard_id is distinct from own_id
        or loose_id is distinct from own_id or reach_id is distinct from own_id
),

levels as (
    select 'caller_id' as level, caller_id as id, spell_id, own_id from joined
    union all
    select 'standard_id' as level, standard_id as id, spell_id, own_id from joined
    union all
    select 'loose_id' as level, loose_id as id, spell_id, own_id from joined
    union all
    select 'reach_id' as level, reach_id as id, spell_id, own_id from joined
),

sets as (
    select level, id, 'c' || left(sha256(string_agg(spell_id, ',' order by spell_id)), 16) as set_id
    from levels
    where id is distinct from own_id
    group by level, id
),

parted as (
    select caller_id as id from joined group by caller_id having count(distinct standard_id) > 1
    union all
    select standard_id as id from joined group by standard_id having count(distinct loose_id) > 1
    union all
    select loose_id as id from joined group by loose_id having count(distinct reach_id) > 1
)

select 'ids of another set' as scope, count(*) filter (where id is distinct from set_id)::double as value
from sets
union all
select 'a level parts what a stricter one joins', count(*)::double
from parted
union all
select 'spell ids of another form', count(*) filter (where not regexp_full_match(spell_id, 's[0-9a-f]{16}'))::double
from caller_spells
union all
select
    'shared lines or premises joined to somebody',
    count(*) filter (
        where identity_kind <> 'person' and (caller_id, standard_id, loose_id) <> (own_id, own_id, own_id)
    )::double
from joined
