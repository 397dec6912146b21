-- No local day passes without a call between this batch's first and last, nor between it and its neighbours.
-- Days are the source's own: another source's calls do not fill its gaps.
-- Door: landing
-- Severity: warn
-- Limits: 0 to 0
-- Finding: up to {value:.0f} days in a row have no calls at all: {scopes}
-- Next: ask the source's owner whether a file is missing; put it in the inbox when it comes
-- Params: $reporting_zone.
with

bounds as (
    select source, min(received_at) as first_at, max(received_at) as last_at
    from landing_calls
    group by source
),

neighbours as (
    select
        bounds.source,
        coalesce(max(received_at) filter (where received_at < first_at), any_value(first_at)) as known_from,
        coalesce(min(received_at) filter (where received_at > last_at), any_value(last_at)) as known_to
    from bounds
    left join call_records on bounds.source = call_records.source
    group by bounds.source
),

known as (
    select source, received_at from landing_calls
    union all
    select call_records.source, call_records.received_at
    from call_records
    inner join neighbours
        on call_records.source = neighbours.source and call_records.received_at between known_from and known_to
),

-- Quarters of an hour are turned into local days, not calls: there are few of them.
quarters as (
    select distinct source, time_bucket(interval 15 minutes, received_at) as quarter_at
    from known
),

days as (
    select distinct source, timezone($reporting_zone, timezone('UTC', quarter_at))::date as day
    from quarters
),

gaps as (
    select source, lag(day) over (partition by source order by day) + 1 as gap_from, day - 1 as gap_to
    from days
)

select source || ' ' || gap_from || ' to ' || gap_to as scope, (gap_to - gap_from + 1)::double as value
from gaps
where gap_to >= gap_from
union all
select 'no gap' as scope, 0.0 as value
