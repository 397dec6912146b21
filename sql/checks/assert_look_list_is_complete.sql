-- The look list has all with threshold or more coded misuse calls before exclusions, and of those stopped who has a
-- coded misuse call, calls often, was stopped by a person, or has a case.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} callers are missing from the look list: {scopes}
-- Next: do not use the lists: a person nobody looks at may be at risk; report the run's id at once
-- Params: $threshold.
with

open_cases as (
    select caller_id, status from cases where status <> 'closed' and caller_id is not null
),

frequent as (
    select calls.caller_id
    from calls
    inner join windows
        on
            windows.window_name = 'headline'
            and calls.received_at >= windows.window_from and calls.received_at < windows.window_to
    where calls.caller_id in (select caller_id from callers where is_stopped)
    group by calls.caller_id
    having count(*) >= $threshold
)

select 'threshold or more coded' as scope, count(*)::double as value
from caller_windows
where
    window_name = 'headline'
    and coded_misuse_calls >= $threshold
    and caller_id not in (select caller_id from look_list)
union all
select 'stopped' as scope, count(*)::double as value
from callers
where
    is_stopped
    and (coded_misuse_calls > 0 or caller_id in (select caller_id from frequent))
    and caller_id not in (select caller_id from look_list)
union all
select 'a call stopped' as scope, count(distinct caller_id)::double as value
from calls
where is_stopped and is_coded_misuse and caller_id not in (select caller_id from look_list)
union all
select 'nobody to look' as scope, count(*)::double as value
from look_list
where coalesce(trim(duty_role), '') = ''
union all
select 'stopped with a case' as scope, count(*)::double as value
from callers
where
    is_stopped
    and caller_id in (select caller_id from open_cases)
    and caller_id not in (select caller_id from look_list)
union all
select 'a case on a shared line' as scope, count(*)::double as value
from callers
where
    identity_kind <> 'person'
    and caller_id in (select caller_id from open_cases)
    and caller_id not in (select caller_id from look_list)
union all
select 'stopped by a person' as scope, count(*)::double as value
from caller_flags
where
    is_by_person
    and caller_id in (select caller_id from callers) -- a stop stands on an id of then too, without a call
    and caller_id not in (select caller_id from look_list)
union all
-- With a case under action or review, one under the threshold is on the tasking list only.
select 'on the tasking list' as scope, count(*)::double as value
from tasking_list
where
    caller_id not in (select caller_id from look_list)
    and caller_id not in (
        select caller_id from open_cases where status in ('proposed', 'under_action', 'under_review', 'halted')
    )
union all
select 'listed for no reason' as scope, count(*)::double as value
from look_list
where coalesce(len(look_reasons), 0) = 0
