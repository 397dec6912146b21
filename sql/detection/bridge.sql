-- One row per step from every coded misuse call to the final count, and window. Key: window_name, step_number.
-- Params: $run_id, $as_of. At every step a line needs threshold calls of those still counted. Unidentified calls and
-- shared lines leave the count of callers, never the denominator: their calls were misuse all the same.
with

-- Steps 1 to 6 count lines as logged, placeholders too; the last counts callers, through all their
-- numbers and for the time that they held them.
kept as (
    select window_name, 1 as step_number, coded_misuse_calls as calls
    from line_windows
    union all
    select window_name, 2 as step_number, coded_misuse_calls as calls
    from line_windows
    where coded_misuse_calls >= threshold
    union all
    select window_name, 3 as step_number, unstopped_calls as calls
    from line_windows
    where unstopped_calls >= threshold
    union all
    select window_name, 4 as step_number, misuse_calls as calls
    from line_windows
    where misuse_calls >= threshold
    union all
    select window_name, 5 as step_number, identified_calls as calls
    from line_windows
    where identified_calls >= threshold
    union all
    select window_name, 6 as step_number, person_calls as calls
    from line_windows
    where person_calls >= threshold
    union all
    select window_name, 7 as step_number, misuse_calls as calls
    from caller_windows
    where is_persistent
),

tallies as (
    select window_name, step_number, count(*) as callers, cast(sum(calls) as bigint) as calls
    from kept
    group by window_name, step_number
),

steps as (
    select windows.window_name, names.step_number, names.step
    from windows
    cross join (
        values
        (1, 'coded_misuse'), (2, 'by_number'), (3, 'less_stopped'), (4, 'less_doubtful'),
        (5, 'less_unidentified'), (6, 'less_shared_lines'), (7, 'after_linkage')
    ) as names (step_number, step)
    where windows.window_name in ('headline', 'since_log_start')
),

denominators as (
    select
        steps.window_name, steps.step_number,
        count(calls.window_name) filter (
            where steps.step_number <= 2
            or (steps.step_number = 3 and not calls.is_stopped)
            or (steps.step_number >= 4 and calls.is_misuse)
        ) as misuse_calls
    from steps
    left join window_calls as calls on steps.window_name = calls.window_name
    group by steps.window_name, steps.step_number
),

final as (
    select
        cast($run_id as varchar) as run_id, cast($as_of as date) as as_of, steps.*,
        coalesce(tallies.callers, 0) as callers,
        case when steps.step_number = 1 then denominators.misuse_calls else coalesce(tallies.calls, 0) end as calls,
        denominators.misuse_calls,
        case when steps.step_number = 1 then denominators.misuse_calls else coalesce(tallies.calls, 0) end
        / nullif(denominators.misuse_calls, 0) as share
    from steps
    inner join denominators
        on steps.window_name = denominators.window_name and steps.step_number = denominators.step_number
    left join tallies on steps.window_name = tallies.window_name and steps.step_number = tallies.step_number
)

select * from final
