-- One row per caller asked for whom the run knows: misuse calls on the headline's channel on the days before a day and
-- on those since, and genuine ones. Key: caller_id.
-- Params: $callers, $on_date, $span_days: so many days on either side at most. The day itself, on which something was
-- decided, is of neither side. Only days that the log holds are measured: days_before and days_since count them. As for
-- the last day that a log covers, a day with under a twentieth of the usual day's calls is not held. Who is silent on
-- days that are held made nought calls.
with

bounds as (
    select $on_date::date as on_date, max(last_date) as last_date, max(channel) as channel
    from windows
),

days as (
    select demand_daily.local_date, sum(demand_daily.calls) as calls
    from demand_daily
    inner join bounds on demand_daily.channel = bounds.channel
    group by demand_daily.local_date
),

held_days as (
    select days.local_date, days.local_date < bounds.on_date as is_before
    from days
    cross join bounds
    where
        days.calls >= 0.05 * (select median(usual.calls) from days as usual)
        and days.local_date <> bounds.on_date
        and days.local_date between bounds.on_date - $span_days::integer and bounds.on_date + $span_days::integer
        and days.local_date <= bounds.last_date
),

lengths as (
    select
        count(*) filter (where is_before) as days_before,
        count(*) filter (where not is_before) as days_since
    from held_days
),

asked as (
    select callers.caller_id
    from callers
    where list_contains($callers::varchar[], callers.caller_id)
),

tallies as (
    select
        calls.caller_id,
        count(*) filter (where calls.is_misuse and held_days.is_before) as before,
        count(*) filter (where calls.is_misuse and not held_days.is_before) as since,
        count(*) filter (where not calls.is_coded_misuse and held_days.is_before) as genuine_before,
        count(*) filter (where not calls.is_coded_misuse and not held_days.is_before) as genuine_since
    from calls
    inner join asked on calls.caller_id = asked.caller_id
    inner join bounds on calls.channel = bounds.channel
    inner join held_days on calls.local_date = held_days.local_date
    group by calls.caller_id
)

select
    asked.caller_id,
    coalesce(tallies.before, 0) as before,
    coalesce(tallies.since, 0) as since,
    coalesce(tallies.genuine_before, 0) as genuine_before,
    coalesce(tallies.genuine_since, 0) as genuine_since,
    lengths.days_before,
    lengths.days_since
from asked
cross join lengths
left join tallies on asked.caller_id = tallies.caller_id
order by asked.caller_id
