-- One row per change of who a caller is. Key: caller_id, other_caller_id, change, run_id. Params: $run_id.
-- Every id that a run ever published resolves here, or is a caller still. alias: the id of one spell that is now part
-- of a caller of several, or an earlier id of the same caller. merged: an earlier caller of several that is now part of
-- a larger one. split: an earlier caller whose spells are now several callers', a row for each of them. passed: an id
-- that is another caller's now; whoever had it in earlier runs is caller_id.
with

-- A caller of several spells was first published by the run that recorded it; one not recorded yet, by this one.
members as (
    select
        caller_numbers.spell_id, caller_numbers.caller_id,
        coalesce(sets.run_id, cast($run_id as varchar)) as run_id
    from caller_numbers
    left join casebook_caller_sets as sets on caller_numbers.caller_id = sets.caller_id
    where caller_numbers.spells > 1
),

earlier as (
    select caller_id, unnest(spell_ids) as spell_id
    from casebook_caller_sets
    where caller_id not in (select caller_id from members)
),

heirs as (
    select
        earlier.caller_id as other_caller_id, caller_numbers.caller_id, any_value(caller_numbers.spells) as spells,
        count(*) as kept_spells
    from earlier
    inner join caller_numbers on earlier.spell_id = caller_numbers.spell_id
    group by earlier.caller_id, caller_numbers.caller_id
),

-- The id of a caller who was a spell that is no more; a spell that is several holders' now leads to each.
former as (
    select 'c' || substr(spell_id, 2) as other_caller_id, unnest(spell_ids) as spell_id
    from casebook_former_spells
),

former_heirs as (
    select
        caller_numbers.caller_id, former.other_caller_id,
        count(*) over (partition by former.other_caller_id) as heirs
    from former
    inner join caller_numbers on former.spell_id = caller_numbers.spell_id
    group by caller_numbers.caller_id, former.other_caller_id
),

counted as (
    select *, count(*) over (partition by other_caller_id) as heirs
    from heirs
),

final as (
    select caller_id, 'c' || substr(spell_id, 2) as other_caller_id, 'alias' as change, run_id
    from members
    union all
    select
        counted.caller_id, counted.other_caller_id,
        case
            when counted.heirs > 1 then 'split'
            when counted.spells > counted.kept_spells then 'merged'
            else 'alias'
        end as change,
        coalesce(sets.run_id, cast($run_id as varchar)) as run_id
    from counted
    left join casebook_caller_sets as sets on counted.caller_id = sets.caller_id
    union
    select
        caller_id, other_caller_id,
        case
            when other_caller_id in (select caller_numbers.caller_id from caller_numbers) then 'passed'
            when heirs > 1 then 'split'
            else 'alias'
        end as change,
        cast($run_id as varchar) as run_id
    from former_heirs
    where caller_id <> other_caller_id
)

select * from final
