-- One row: the last local day that the log covers to its end, and how many calls came after it. Params:
-- $reporting_zone, $before. A day with under a twentieth of the usual day's calls is not covered: a night's first
-- minutes, or a date mistyped. Nor is one that breaks off: its last call came earlier in the day than on 99 days in a
-- hundred, and of a usual day ten calls or more were still to come. Where a log has dates alone, every day ends alike.
-- Hours are turned into local ones, not calls: there are few of them.
with

hours as (
    select date_trunc('hour', received_at) as hour_at, max(received_at) as last_at, count(*) as calls
    from call_records
    group by date_trunc('hour', received_at)
),

local_hours as (
    select last_at at time zone 'UTC' at time zone cast($reporting_zone as varchar) as last_local, calls
    from hours
),

days as (
    select
        cast(last_local as date) as local_date, sum(calls) as calls,
        max(date_diff('second', cast(cast(last_local as date) as timestamp), last_local)) as last_second
    from local_hours
    group by cast(last_local as date)
),

usual as (
    select
        median(calls) as calls,
        quantile_cont(last_second, 0.01) filter (where calls >= 0.05 * (select median(calls) from days)) as last_second
    from days
),

covered as (
    select max(days.local_date) as last_date
    from days, usual
    where
        days.local_date < cast($before as date) and days.calls >= 0.05 * usual.calls
        and (
            days.last_second >= usual.last_second
            or usual.calls * (86400 - days.last_second) / 86400 < 10
        )
)

select
    covered.last_date,
    cast(coalesce(sum(days.calls) filter (where days.local_date > covered.last_date), 0) as bigint) as calls_after
from covered
left join days on true
group by covered.last_date
