-- One row per week of the log's last two years, Monday first, with one caller's calls. Params: $caller_id. Key: week.
-- The caller's calls on another channel may be older than the log of the headline's.
with

span as (
    select
        date_trunc(
            'week',
            greatest(
                least(first_date, (select min(local_date) from calls where caller_id = $caller_id)), last_date - 730
            )
        )::date as first_week,
        date_trunc('week', last_date)::date as last_week
    from windows
    where window_name = 'since_log_start'
),

weeks as (
    select unnest(generate_series(first_week, last_week, interval 7 days))::date as week
    from span
),

counted as (
    select
        date_trunc('week', local_date)::date as week,
        count(*) filter (is_misuse) as misuse_calls,
        count(*) filter (is_coded_misuse and not is_misuse) as not_counted,
        count(*) filter (not is_coded_misuse) as genuine_calls
    from calls
    where caller_id = $caller_id
    group by all
)

select
    weeks.week,
    coalesce(counted.misuse_calls, 0) as misuse_calls,
    coalesce(counted.not_counted, 0) as not_counted,
    coalesce(counted.genuine_calls, 0) as genuine_calls
from weeks
left join counted on weeks.week = counted.week
order by weeks.week
