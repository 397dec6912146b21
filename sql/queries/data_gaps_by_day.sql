-- On which days is something missing: no calls, far fewer than usual, no handling times, many absent numbers?
-- param low_share = 0.5; of the median day's calls
with

span as (
    select unnest(generate_series(min(local_date), max(local_date), interval 1 day))::date as local_date
    from calls
),

days as (
    select
        span.local_date,
        count(calls.call_key) as calls,
        count(*) filter (where calls.call_key is not null and calls.handling_seconds is null) as without_handling,
        count(*) filter (where calls.call_key is not null and calls.caller_id is null) as without_caller,
        count(*) filter (where calls.call_key is not null and calls.closing_code is null) as without_closing_code
    from span
    left join calls on span.local_date = calls.local_date
    group by span.local_date
)

select
    local_date,
    calls,
    round(calls / (select median(calls) from days), 2) as of_median_day,
    round(without_handling / nullif(calls, 0), 3) as without_handling_share,
    round(without_caller / nullif(calls, 0), 3) as without_caller_share,
    round(without_closing_code / nullif(calls, 0), 3) as without_closing_code_share
from days
where
    calls < $low_share * (select median(calls) from days)
    or without_handling > calls / 2
    or without_closing_code > calls / 2
order by local_date
