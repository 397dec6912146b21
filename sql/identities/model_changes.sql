-- One row per pair of a caller by the model in force and one by the candidate that share a number, where they are not
-- the same and either reaches $threshold misuse calls. Key: caller_then, caller_now. Params: $threshold.
-- change: over or under (nobody, or somebody, of the same numbers reached it before), else stays_over.
with

totals_then as (
    select caller_then, sum(misuse_calls) as misuse_calls
    from spell_changes
    group by caller_then
),

totals_now as (
    select caller_now, sum(misuse_calls) as misuse_calls
    from spell_changes
    group by caller_now
),

pairs as (
    select
        spells.caller_then, spells.caller_now, totals_then.misuse_calls as misuse_then,
        totals_now.misuse_calls as misuse_now, count(*) as numbers, sum(spells.misuse_calls) as misuse_shared,
        totals_then.misuse_calls >= cast($threshold as integer) as is_over_then,
        totals_now.misuse_calls >= cast($threshold as integer) as is_over_now
    from spell_changes as spells
    inner join totals_then on spells.caller_then = totals_then.caller_then
    inner join totals_now on spells.caller_now = totals_now.caller_now
    group by all
),

told as (
    select
        *,
        bool_or(is_over_then) over (partition by caller_now) as was_over,
        bool_or(is_over_now) over (partition by caller_then) as will_be_over
    from pairs
),

final as (
    select
        caller_then, cast(misuse_then as bigint) as misuse_then, caller_now, cast(misuse_now as bigint) as misuse_now,
        numbers, cast(misuse_shared as bigint) as misuse_shared,
        case
            when is_over_now and not was_over then 'over'
            when is_over_then and not will_be_over then 'under'
            else 'stays_over'
        end as change
    from told
    where caller_then <> caller_now and (is_over_then or is_over_now)
)

select * from final
order by change <> 'over', change <> 'under', greatest(misuse_then, misuse_now) desc, caller_then, caller_now
