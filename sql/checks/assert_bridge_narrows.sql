-- Each step of the bridge keeps no more callers and calls than the one before; its shares are its own division.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} steps of the bridge do not follow: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
with

steps as (
    select
        *,
        lag(callers) over (partition by window_name order by step_number) as callers_before,
        lag(calls) over (partition by window_name order by step_number) as calls_before,
        lag(misuse_calls) over (partition by window_name order by step_number) as misuse_calls_before
    from bridge
)

-- Linking a person's numbers may bring callers over the threshold, so the last step may rise.
select
    'widens' as scope,
    count(*) filter (
        where misuse_calls > misuse_calls_before
        or (step <> 'after_linkage' and (callers > callers_before or calls > calls_before))
    )::double as value
from steps
union all
select 'more than all' as scope, count(*) filter (where calls > misuse_calls)::double as value
from steps
union all
select
    'share' as scope,
    count(*) filter (where abs(coalesce(share, 0) - coalesce(calls / nullif(misuse_calls, 0), 0)) > 1e-9)::double
        as value
from steps
union all
select 'headline bridge without its seven steps' as scope, abs(7 - count(distinct step))::double as value
from steps
where window_name = 'headline' and step in (
        'coded_misuse',
        'by_number',
        'less_stopped',
        'less_doubtful',
        'less_unidentified',
        'less_shared_lines',
        'after_linkage'
    )
