-- One row per way of counting: persons over the ambulance services' line, 5 in the last whole month or 12 in the last
-- three. Key: counted. No params. The services count episodes of care (FreCaNN); calls are beside them.
with

counts as (
    select caller_id, window_name, 'episodes' as counted, episodes as reached, misuse_calls
    from caller_counts
    where may_persist and window_name in ('month', 'quarter')
    union all
    select caller_id, window_name, 'calls' as counted, misuse_calls as reached, misuse_calls
    from caller_counts
    where may_persist and window_name in ('month', 'quarter')
),

over_it as (
    select
        caller_id, counted,
        max(misuse_calls) filter (where window_name = 'quarter') as misuse_calls
    from counts
    group by caller_id, counted
    having
        max(reached) filter (where window_name = 'month') >= 5
        or max(reached) filter (where window_name = 'quarter') >= 12
),

wholes as (
    select coalesce(sum(misuse_calls), 0) as misuse_calls from caller_counts where window_name = 'quarter'
),

final as (
    select
        ways.counted,
        count(over_it.caller_id) as callers,
        cast(coalesce(sum(over_it.misuse_calls), 0) as bigint) as misuse_calls,
        cast(any_value(wholes.misuse_calls) as bigint) as all_misuse_calls
    from (values ('calls'), ('episodes')) as ways (counted)
    cross join wholes
    left join over_it on ways.counted = over_it.counted
    group by ways.counted
)

select * from final
