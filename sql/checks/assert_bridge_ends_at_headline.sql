-- The bridge ends at the headline: its last step is the persistent callers listed and estimated. The step before it,
-- numbers that are no shared line's, is what is estimated by number.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: the bridge's end and the headline differ by {value:.4g}: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
with

ends as (
    select callers, calls, share, misuse_calls
    from bridge
    where window_name = 'headline' and step = 'after_linkage'
),

listed as (
    select count(*) as callers, coalesce(sum(misuse_calls), 0) as calls from persistent_callers
),

estimated as (
    select
        max(point) filter (where estimate = 'persistent_callers') as callers,
        max(point) filter (where estimate = 'persistent_misuse_calls') as calls,
        max(point) filter (where estimate = 'misuse_calls') as misuse_calls,
        max(point) filter (where estimate = 'share_of_misuse') as share
    from estimates
    where window_name = 'headline' and counted_by = 'caller'
),

numbers as (
    select
        abs(
            estimates.point
            - case estimates.estimate when 'persistent_callers' then bridge.callers else bridge.calls end
        ) as apart
    from estimates
    inner join bridge on estimates.window_name = bridge.window_name and bridge.step = 'less_shared_lines'
    where
        estimates.counted_by = 'number' and estimates.estimate in ('persistent_callers', 'persistent_misuse_calls')
)

select 'persistent callers listed' as scope, abs(listed.callers - ends.callers)::double as value from listed, ends
union all
select 'their misuse calls listed', abs(listed.calls - ends.calls) from listed, ends
union all
select 'persistent callers estimated', abs(estimated.callers - ends.callers) from estimated, ends
union all
select 'their misuse calls estimated', abs(estimated.calls - ends.calls) from estimated, ends
union all
select 'all misuse calls estimated', abs(estimated.misuse_calls - ends.misuse_calls) from estimated, ends
union all
-- Without any misuse call there is no share to compare.
select
    'share estimated',
    case when ends.misuse_calls = 0 then 0 when abs(estimated.share - ends.share) < 1e-9 then 0
        else abs(estimated.share - ends.share)
    end
from estimated, ends
union all
select 'numbers and their misuse calls estimated', coalesce(sum(apart), 0) from numbers
