-- One row: the last local day that the log covers, and how many calls came after it. Params: $reporting_zone, $before.
-- A day with under a twentieth of the usual day's calls is not covered: a night's first minutes, or a date mistyped.
-- Quarters of an hour are turned into local ones, not calls: there are few of them.
with

quarters as (
    select time_bucket(interval 15 minutes, received_at) as quarter_at, count(*) as calls
    from call_records
    group by time_bucket(interval 15 minutes, received_at)
),

days as (
    select local_date, sum(calls) as calls
    from (
        select
            cast(quarter_at at time zone 'UTC' at time zone cast($reporting_zone as varchar) as date) as local_date,
            calls
        from quarters
    ) as local_quarters
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
