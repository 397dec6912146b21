-- The list holds persons at the threshold or with an open case, none of them stopped: no shared line, no premises.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} rows of the list do not belong there: {scopes}
-- Next: do not use the list: report the run's id at once
-- Params: $threshold.
with

counted as (
    select tasking_list.*
    from tasking_list
    anti join (
        select caller_id
        from cases
        where status in ('proposed', 'under_action', 'under_review', 'halted')
    ) as open_cases on tasking_list.caller_id = open_cases.caller_id
)

-- A case under action or review stays on the list though the count has fallen.
select
    'not a person' as scope,
    count(*) filter (
        where tasking_list.identity_kind is distinct from 'person' or callers.identity_kind is distinct from 'person'
    )::double as value
from tasking_list
left join callers on tasking_list.caller_id = callers.caller_id
union all
select 'stopped', count(*) from tasking_list where caller_id in (select caller_id from callers where is_stopped)
union all
select
    'below the threshold',
    count(*) filter (where misuse_calls_window is null or misuse_calls_window < $threshold)
from counted
union all
select 'not a persistent caller', count(*) from counted
where caller_id not in (select caller_id from persistent_callers)
union all
-- A case opened on some of the caller's numbers keeps its reference.
select 'under another case reference', count(*) from tasking_list
where
    case_ref is distinct from 'K-' || upper(substr(caller_id, 2, 10))
    and case_ref is distinct from 'K-' || upper(left(sha256(caller_id || '#2'), 10))
    and not exists (
        select 1
        from cases
        where cases.case_ref = tasking_list.case_ref and cases.caller_id = tasking_list.caller_id
    )
