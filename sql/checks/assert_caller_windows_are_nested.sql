-- A longer window holds no fewer calls than a shorter one, and within each the kinds of call add up.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} callers' windows contradict one another: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
with

windows as (
    select
        caller_id,
        coalesce(max(misuse_calls) filter (where window_name = 'd30'), 0) as d30,
        coalesce(max(misuse_calls) filter (where window_name = 'd90'), 0) as d90,
        coalesce(max(misuse_calls) filter (where window_name = 'd365'), 0) as d365,
        coalesce(max(misuse_calls) filter (where window_name = 'since_log_start'), 0) as since_log_start
    from caller_windows
    group by caller_id
)

select
    'not nested' as scope,
    count(*) filter (where d30 > d90 or d90 > d365 or d365 > since_log_start)::double as value
from windows
union all
select
    'do not add up' as scope,
    count(*) filter (where coded_misuse_calls <> stopped_calls + doubtful_calls + misuse_calls)::double as value
from caller_windows
union all
select
    'more episodes or days than calls' as scope,
    count(*) filter (where episodes > misuse_calls or active_days > misuse_calls)::double as value
from caller_windows
