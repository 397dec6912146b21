-- What share of each month's misuse do those make who are persistent today?
-- A month's share is no trend: today's persistent callers are known by their calls in these very months.
select
    month,
    is_whole,
    calls,
    misuse_calls,
    round(misuse_calls / nullif(calls, 0), 4) as misuse_share_of_calls,
    persistent_misuse_calls,
    round(persistent_misuse_calls / nullif(misuse_calls, 0), 4) as persistent_share_of_misuse,
    unidentified_misuse_calls,
    round(misuse_calls / nullif(mean_calls_per_day, 0), 2) as days_work
from misuse_monthly
order by month
