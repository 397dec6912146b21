-- Who reached the threshold in the last days to as-of, and how fast?
-- param days = 30; reached it within so many days of as-of
select
    persistent_callers.caller_id,
    windows.tenth_misuse_at,
    date_diff('day', windows.first_misuse_at, windows.tenth_misuse_at) as days_to_reach_it,
    persistent_callers.misuse_calls,
    persistent_callers.episodes,
    persistent_callers.rank
from persistent_callers
inner join caller_windows as windows
    on persistent_callers.caller_id = windows.caller_id and windows.window_name = 'headline'
inner join windows as headline on headline.window_name = 'headline'
where
    windows.tenth_misuse_at >= timezone(
        'UTC', timezone(headline.reporting_zone, (headline.last_date + 1 - $days::integer)::timestamp)
    )
order by windows.tenth_misuse_at desc, persistent_callers.caller_id
