-- Days and months add up to all calls.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: sums differ by {value:.0f}: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
-- Params: $headline_channel.
with

in_all as (
    select
        count(*) as calls,
        count(*) filter (where is_coded_misuse) as coded_misuse_calls,
        count(*) filter (where is_misuse) as misuse_calls,
        count(*) filter (where channel = $headline_channel) as headline_calls,
        count(*) filter (where channel = $headline_channel and is_misuse) as headline_misuse_calls
    from calls
),

by_day as (
    select
        coalesce(sum(calls), 0) as calls,
        coalesce(sum(coded_misuse_calls), 0) as coded_misuse_calls,
        coalesce(sum(misuse_calls), 0) as misuse_calls
    from demand_daily
),

by_month as (
    select coalesce(sum(calls), 0) as calls, coalesce(sum(misuse_calls), 0) as misuse_calls from misuse_monthly
)

select 'calls by day' as scope, abs(by_day.calls - in_all.calls)::double as value from by_day, in_all
union all
select 'coded misuse by day', abs(by_day.coded_misuse_calls - in_all.coded_misuse_calls) from by_day, in_all
union all
select 'misuse by day', abs(by_day.misuse_calls - in_all.misuse_calls) from by_day, in_all
union all
select 'calls by month', abs(by_month.calls - in_all.headline_calls) from by_month, in_all
union all
select 'misuse by month', abs(by_month.misuse_calls - in_all.headline_misuse_calls) from by_month, in_all
