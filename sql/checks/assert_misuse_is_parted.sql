-- The headline's misuse is parted without a rest: by who made it, by code, hour, borough and whether 101 would have
-- served, by threshold, and from the calls of the log.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: sums differ by {value:.0f}: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
with

headline as (
    select
        coalesce(max(point) filter (where estimate = 'calls'), 0) as calls,
        coalesce(max(point) filter (where estimate = 'misuse_calls'), 0) as every,
        coalesce(max(point) filter (where estimate = 'persistent_misuse_calls'), 0) as persistent,
        coalesce(max(point) filter (where estimate = 'unidentified_misuse_calls'), 0) as unidentified,
        coalesce(max(point) filter (where estimate = 'coded_misuse_calls'), 0) as coded,
        coalesce(max(point) filter (where estimate in ('stopped_calls')), 0) as stopped,
        coalesce(max(point) filter (where estimate in ('doubtful_calls')), 0) as doubtful
    from estimates
    where window_name = 'headline' and counted_by = 'caller'
),

parts as (
    select
        part, sum(misuse_calls) as every, sum(persistent_misuse_calls) as persistent,
        sum(unidentified_misuse_calls) as unidentified, sum(below_misuse_calls) as below,
        sum(apart_misuse_calls) as apart
    from misuse_parts
    group by part
),

asked as (
    select names.part, parts.* exclude (part)
    from (values ('code'), ('hour'), ('borough'), ('101 would have served')) as names (part)
    left join parts on names.part = parts.part
)

select 'calls of the window, by day' as scope, abs(headline.calls - coalesce(sum(days.calls), 0))::double as value
from headline
left join windows on windows.window_name = 'headline'
left join demand_daily as days
    on
        windows.channel = days.channel
        and windows.first_date <= days.local_date and windows.last_date >= days.local_date
group by headline.calls
union all
select 'coded misuse less stopped and doubtful', abs(coded - stopped - doubtful - every)
from headline
union all
select 'misuse by ' || asked.part, abs(coalesce(asked.every, 0) - headline.every) from asked, headline
union all
select 'persistent callers'' misuse by ' || asked.part, abs(coalesce(asked.persistent, 0) - headline.persistent)
from asked, headline
union all
select 'unidentified misuse by ' || asked.part, abs(coalesce(asked.unidentified, 0) - headline.unidentified)
from asked, headline
union all
select
    'who made it, by ' || part,
    abs(coalesce(every, 0) - coalesce(persistent + below + apart + unidentified, 0))
from asked
union all
select 'misuse by window and threshold', abs(window_thresholds.all_misuse_calls - headline.every)
from window_thresholds, headline
where window_thresholds.window_name = 'headline'
