-- Calls by caller, and those without one, add up to all calls; and so do misuse calls.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: sums by caller and in all differ by {value:.0f}: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
with

by_caller as (
    select
        coalesce(sum(calls), 0) as calls,
        coalesce(sum(misuse_calls), 0) as misuse_calls,
        count(*) filter (
            where calls <> coded_misuse_calls + genuine_calls
            or coded_misuse_calls <> stopped_calls + doubtful_calls + misuse_calls
        ) as unbalanced_callers
    from callers
),

in_all as (
    select
        count(*) as calls,
        count(*) filter (where is_misuse) as misuse_calls,
        count(*) filter (where caller_id is null) as unidentified_calls,
        count(*) filter (where caller_id is null and is_misuse) as unidentified_misuse_calls
    from calls
)

select 'calls' as scope, abs(in_all.calls - by_caller.calls - unidentified_calls)::double as value
from by_caller, in_all
union all
select
    'misuse calls' as scope,
    abs(in_all.misuse_calls - by_caller.misuse_calls - unidentified_misuse_calls)::double as value
from by_caller, in_all
union all
select 'callers whose kinds of call do not add up' as scope, unbalanced_callers::double as value
from by_caller
