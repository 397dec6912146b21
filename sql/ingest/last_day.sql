-- One row: the last local day that the log covers, and how many calls came after it. Params: $reporting_zone, $before.
-- A day with under a twentieth of the usual day's calls is not covered: a night's first minutes, or a date mistyped.
-- Hours are turned into local ones, not calls: there are few of them.
with

hours as (
    select date_trunc('hour', received_at) as hour_at, count(*) as calls
    from call_records
    group by date_trunc('hour', received_at)
),

days as (
    select local_date, sum(calls) as calls
    from (
        select
            cast(hour_at at time zone 'UTC' at time zone cast($reporting_zone as varchar) as date) as local_date,
            calls
        from hours
    ) as local_hours
    group by local_date
),

covered as (
    select max(local_date) as last_date
    from days
    where local_date < cast($before as date) and calls >= 0.05 * (select median(calls) from days)
)

select
    covered.last_date,
    coalesce(sum(days.calls) filter (where days.local_date > covered.last_date), 0)::bigint as calls_after
from covered
left join days on true
group by covered.last_date
