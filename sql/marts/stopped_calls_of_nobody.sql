-- One row per call coded misuse in the headline window, of any channel, that a hard stop bars and that no known caller
-- made: the look list is of callers, so these would be on no list. Key: call_key. Params: $run_id, $as_of, $cycle_days,
-- $duty_role. New: it came, or a stop first hit it, in the last cycle's days; nobody can say to have looked at it.
with

-- Local days: over a clock change a cycle is no multiple of 24 hours.
cycle as (
    select timezone('UTC', timezone(max(reporting_zone), cast(max(last_date) - $cycle_days + 1 as timestamp))) as begins
    from windows
),

stops as (
    select
        call_key, bool_or(is_urgent) as is_urgent, max(hit_at) as newest_stop_at,
        coalesce(max(duty_role) filter (where is_urgent), max(duty_role)) as duty_role
    from call_hits
    where is_stop and caller_id is null
    group by call_key
),

final as (
    select
        cast($run_id as varchar) as run_id, cast($as_of as date) as as_of,
        calls.call_key, calls.received_at, calls.channel, calls.borough,
        coalesce(stops.is_urgent, false) as is_urgent,
        coalesce(stops.newest_stop_at, calls.received_at) >= cycle.begins as is_new,
        coalesce(stops.duty_role, cast($duty_role as varchar)) as duty_role
    from calls
    inner join windows
        on
            windows.window_name = 'headline'
            and calls.received_at >= windows.window_from and calls.received_at < windows.window_to
    cross join cycle
    left join stops on calls.call_key = stops.call_key
    where calls.caller_id is null and calls.is_stopped and calls.is_coded_misuse
)

select * from final
