-- One row per number of misuse calls a person made in the headline window. Key: misuse_calls. No params.
-- Read from the most prolific down: share_of_callers of the persons made share_of_calls of their calls.
with

steps as (
    select
        caller_windows.misuse_calls, count(*) as callers, caller_windows.misuse_calls * count(*) as calls
    from caller_windows
    inner join callers on caller_windows.caller_id = callers.caller_id
    where
        caller_windows.window_name = 'headline'
        and caller_windows.misuse_calls > 0
        and callers.identity_kind = 'person'
    group by caller_windows.misuse_calls
),

final as (
    select
        misuse_calls, callers, calls,
        sum(callers) over (order by misuse_calls desc) / sum(callers) over () as share_of_callers,
        sum(calls) over (order by misuse_calls desc) / sum(calls) over () as share_of_calls
    from steps
)

select * from final
