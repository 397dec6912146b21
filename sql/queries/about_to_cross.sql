-- Who is short of the threshold by a few calls, and still calling?
-- param threshold = 10; misuse calls that make a caller persistent
-- param short_by = 3; at most so many calls short
-- param active_days = 30; with a misuse call in so many days to as-of
select
    windows.caller_id,
    windows.misuse_calls,
    $threshold - windows.misuse_calls as calls_short,
    windows.episodes,
    windows.first_misuse_at,
    windows.last_misuse_at,
    callers.home_borough,
    callers.support_first
from caller_windows as windows
inner join callers on windows.caller_id = callers.caller_id
inner join windows as headline on headline.window_name = 'headline'
where
    windows.window_name = 'headline'
    and callers.identity_kind = 'person'
    and not callers.is_stopped
    and windows.misuse_calls between $threshold - $short_by and $threshold - 1
    and windows.last_misuse_at >= timezone(
        'UTC', timezone(headline.reporting_zone, (headline.last_date + 1 - $active_days::integer)::timestamp)
    )
order by windows.misuse_calls desc, windows.last_misuse_at desc, windows.caller_id
