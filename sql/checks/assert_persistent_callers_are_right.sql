-- Persistent callers are just the persons with at least threshold misuse calls in the headline window.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} callers are wrongly in or out: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
-- Params: $threshold.
with

expected as (
    select caller_windows.caller_id, caller_windows.misuse_calls
    from caller_windows
    inner join callers on caller_windows.caller_id = callers.caller_id
    where
        caller_windows.window_name = 'headline'
        and caller_windows.misuse_calls >= $threshold
        and callers.identity_kind = 'person'
),

compared as (
    select
        count(*) filter (where listed.caller_id is null) as missing,
        count(*) filter (where expected.caller_id is null) as extra,
        count(*) filter (where listed.misuse_calls <> expected.misuse_calls) as miscounted
    from expected
    full join persistent_callers as listed on expected.caller_id = listed.caller_id
)

select 'missing' as scope, missing::double as value from compared
union all
select 'not persistent' as scope, extra::double as value from compared
union all
select 'counted otherwise' as scope, miscounted::double as value from compared
union all
select 'flagged otherwise' as scope, count(*)::double as value
from caller_windows
left join expected on caller_windows.caller_id = expected.caller_id
where window_name = 'headline' and is_persistent <> (expected.caller_id is not null)
