-- A day has about as many calls as the same weekday of the four weeks before, of the same source.
-- Judged: the days this batch touches and the one before; the newest, not over perhaps, against the same hours.
-- Under 30 calls expected, or three weekdays known, chance alone decides, and nothing is said.
-- Door: landing
-- Severity: warn
-- Limits: -volume_change_share to volume_change_share
-- Finding: a day's calls differ by {value:+.0%} from the same weekday before: {scopes}
-- Next: see whether a file is missing, doubled or cut short; if the day was like that, nothing is to be done
-- Params: $reporting_zone.
with

known as (
    select source, received_at, true as is_landing from landing_calls
    union all
    select source, received_at, false as is_landing from call_records
    where
        source in (select source from landing_calls)
        and received_at >= (select min(received_at) - interval 30 day from landing_calls)
        and received_at <= (select max(received_at) + interval 2 day from landing_calls)
        and call_key not in (select call_key from landing_calls where call_key is not null)
),

-- Quarters of an hour are turned into local time, not calls: there are few of them.
quarters as (
    select quarter_at, timezone($reporting_zone, timezone('UTC', quarter_at)) as local_quarter_at
    from (select distinct time_bucket(interval 15 minutes, received_at) as quarter_at from known) as held
),

local_calls as (
    select source, is_landing, local_quarter_at + (received_at - quarter_at) as local_at
    from known inner join quarters on time_bucket(interval 15 minutes, known.received_at) = quarters.quarter_at
),

newest as (
    select source, max(local_at) as newest_at, min(local_at) filter (where is_landing)::date as landing_from
    from local_calls
    group by source
),

days as (
    select
        local_calls.source, local_at::date as day,
        any_value(newest_at)::date as newest_day,
        count(*) as calls,
        count(*) filter (where local_at::time <= newest_at::time) as calls_by_then,
        bool_or(is_landing or local_at::date = landing_from - 1) as is_judged
    from local_calls inner join newest on local_calls.source = newest.source
    group by local_calls.source, local_at::date
),

expected as (
    select
        days.source, days.day, any_value(days.calls) as calls,
        avg(case when days.day = days.newest_day then earlier.calls_by_then else earlier.calls end) as expected_calls
    from days
    inner join days as earlier on days.source = earlier.source and days.day - earlier.day in (7, 14, 21, 28)
    where days.is_judged
    group by days.source, days.day
    having count(*) >= 3
)

select source || ' ' || day as scope, calls / expected_calls - 1 as value
from expected
where expected_calls >= 30
union all
select 'nothing to compare with' as scope, 0.0 as value
