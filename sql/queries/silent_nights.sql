-- Which persistent callers have fallen silent: no call of any kind for some time, after a steady run?
-- Silence can mean that something worked, or that something happened: it is for a human to ask.
-- param silent_days = 21; no call at all for so many days to as-of
-- param active_days = 5; misuse on at least so many days in the window
select
    persistent_callers.caller_id,
    persistent_callers.misuse_calls,
    windows.active_days,
    callers.last_call_at,
    headline.as_of
    - (callers.last_call_at at time zone 'UTC' at time zone headline.reporting_zone)::date as days_silent,
    callers.support_first
from persistent_callers
inner join callers on persistent_callers.caller_id = callers.caller_id
inner join caller_windows as windows
    on persistent_callers.caller_id = windows.caller_id and windows.window_name = 'headline'
inner join windows as headline on headline.window_name = 'headline'
where
    windows.active_days >= $active_days
    and callers.last_call_at < timezone(
        'UTC', timezone(headline.reporting_zone, (headline.last_date + 1 - $silent_days::integer)::timestamp)
    )
order by callers.last_call_at, persistent_callers.caller_id
