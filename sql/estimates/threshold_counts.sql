-- One row per window, way of counting and threshold from 3 to 50: persons at or over it, and their calls.
-- Key: window_name, counted, threshold. No params. By episodes, it is episodes that must reach the threshold; what is
-- shared out is calls all the same. Of a window that the log does not cover every count is null.
with

counts as (
    select window_name, 'calls' as counted, misuse_calls as reached, misuse_calls
    from caller_counts
    where may_persist
    union all
    select window_name, 'episodes' as counted, episodes as reached, misuse_calls
    from caller_counts
    where may_persist
),

steps as (
    select window_name, counted, least(reached, 50) as reached, count(*) as callers, sum(misuse_calls) as misuse_calls
    from counts
    group by window_name, counted, least(reached, 50)
),

wholes as (
    select window_name, sum(misuse_calls) as misuse_calls
    from caller_counts
    group by window_name
),

asked as (
    select
        windows.window_name, windows.first_date, windows.last_date, windows.is_covered, ways.counted,
        lines.threshold
    from counting_windows as windows
    cross join (values ('calls'), ('episodes')) as ways (counted)
    cross join (select unnest(range(3, 51)) as threshold) as lines
),

final as (
    select
        asked.window_name, asked.counted, cast(asked.threshold as integer) as threshold, asked.first_date,
        asked.last_date,
        case when asked.is_covered then cast(coalesce(sum(steps.callers), 0) as bigint) end as callers,
        case when asked.is_covered then cast(coalesce(sum(steps.misuse_calls), 0) as bigint) end as misuse_calls,
        case
            when asked.is_covered then cast(coalesce(any_value(wholes.misuse_calls), 0) as bigint)
        end as all_misuse_calls,
        coalesce(sum(steps.misuse_calls), 0) / nullif(any_value(wholes.misuse_calls), 0) as share
    from asked
    left join steps
        on
            asked.window_name = steps.window_name and asked.counted = steps.counted
            and asked.threshold <= steps.reached
    left join wholes on asked.window_name = wholes.window_name
    group by
        asked.window_name, asked.counted, asked.threshold, asked.first_date, asked.last_date, asked.is_covered
)

select * from final
