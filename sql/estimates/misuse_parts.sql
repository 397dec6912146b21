-- One row per part and value: misuse calls of the headline window by who made them. Key: part, value.
-- Params: $run_id, $as_of, $headline_channel. The values of each part sum to all misuse calls. below are persons under
-- the threshold, apart are shared lines and premises. 101 would have served: the code speaks of an inappropriate call,
-- no unit went, and no grade was urgent; a rule of thumb about the call, not about the caller. Where it is not recorded
-- whether one went nobody knows.
with

misuse as (
    select
        calls.caller_id, calls.handling_seconds, calls.unit_seconds, calls.borough, calls.local_hour,
        coalesce(calls.closing_code, calls.opening_code, 'not recorded') as code,
        calls.units_assigned, coalesce(calls.grade in ('I', 'S'), false) as is_urgent,
        case
            when calls.caller_id is null then 'unidentified'
            when calls.identity_kind <> 'person' then 'apart'
            when persistent.is_persistent then 'persistent'
            else 'below'
        end as who
    from calls
    inner join windows
        on
            windows.window_name = 'headline'
            and calls.received_at >= windows.window_from and calls.received_at < windows.window_to
    left join caller_windows as persistent
        on calls.caller_id = persistent.caller_id and persistent.window_name = 'headline'
    where calls.is_misuse and calls.channel = cast($headline_channel as varchar)
),

facets as (
    select
        *,
        unnest(['code', 'hour', 'borough', '101 would have served']) as part,
        unnest([
            code, lpad(cast(local_hour as varchar), 2, '0'), coalesce(borough, 'not recorded'),
            case
                when not regexp_matches(code, '(?i)inappropriate|time.?wast|misuse') then 'no'
                when is_urgent or units_assigned > 0 then 'no'
                when units_assigned is null then 'not recorded'
                else 'yes'
            end
        ]) as value
    from misuse
),

final as (
    select
        cast($run_id as varchar) as run_id, cast($as_of as date) as as_of, part, value,
        count(*) as misuse_calls,
        count(*) filter (where who = 'persistent') as persistent_misuse_calls,
        count(*) filter (where who = 'below') as below_misuse_calls,
        count(*) filter (where who = 'apart') as apart_misuse_calls,
        count(*) filter (where who = 'unidentified') as unidentified_misuse_calls,
        count(distinct caller_id) filter (where who = 'below') as below_callers,
        cast(sum(handling_seconds) as bigint) as handling_seconds,
        cast(sum(handling_seconds) filter (where who = 'below') as bigint) as below_handling_seconds,
        cast(sum(unit_seconds) as bigint) as unit_seconds,
        cast(sum(unit_seconds) filter (where who = 'below') as bigint) as below_unit_seconds
    from facets
    group by part, value
)

select * from final
