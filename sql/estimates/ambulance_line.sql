-- One row per way of counting: persons over the ambulance services' line, 5 in the last whole month or 12 in the last
-- three. Key: counted. No params. The services count episodes of care (FreCaNN); calls are beside them.
-- Where the log does not hold these months whole, every count is null.
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
    select any_value(windows.is_covered) as is_covered, coalesce(sum(counted.misuse_calls), 0) as misuse_calls
    from counting_windows as windows
    left join caller_counts as counted on windows.window_name = counted.window_name
    where windows.window_name = 'quarter'
),

final as (
    select
        ways.counted,
        case when wholes.is_covered then count(over_it.caller_id) end as callers,
        case when wholes.is_covered then cast(coalesce(sum(over_it.misuse_calls), 0) as bigint) end as misuse_calls,
        case when wholes.is_covered then cast(wholes.misuse_calls as bigint) end as all_misuse_calls
    from (values ('calls'), ('episodes')) as ways (counted)
    cross join wholes
    left join over_it on ways.counted = over_it.counted
    group by ways.counted, wholes.is_covered, wholes.misuse_calls
)

select * from final
