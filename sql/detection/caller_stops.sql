-- One row per caller and rule whose hit on any of the caller's calls, in any channel, reaches them all.
-- Key: caller_id, rule_id; rule_id 'person' is a stop that somebody entered. No params.
with

from_calls as (
    select
        caller_numbers.caller_id, call_stops.rule_id, bool_or(call_stops.is_stop) as is_stop,
        bool_or(call_stops.is_urgent) as is_urgent, bool_or(call_stops.support_first) as support_first,
        max(call_stops.duty_role) as duty_role, max(call_stops.received_at) as last_at
    from call_stops
    inner join caller_numbers on call_stops.token = caller_numbers.token
    where call_stops.scope = 'caller'
    group by caller_numbers.caller_id, call_stops.rule_id
),

from_people as (
    select
        caller_id, 'person' as rule_id, true as is_stop, bool_or(coalesce(is_urgent, false)) as is_urgent,
        false as support_first, cast(null as varchar) as duty_role, max(stopped_at) as last_at
    from casebook_stops
    group by caller_id
),

final as (
    select * from from_calls
    union all
    select * from from_people
)

select * from final
