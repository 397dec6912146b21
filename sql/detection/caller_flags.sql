-- One row per caller with a hard stop, on a call or on the caller. Key: caller_id. Params: $duty_role.
-- What the look list needs of stops: when a rule last hit for the first time, so that a second danger is as new as the
-- first; how many urgent stops there are, so that one which arrives late is seen; and who looks (an urgent rule's role
-- before others').
with

hits as (
    select
        caller_numbers.caller_id, call_stops.rule_id, call_stops.is_urgent, call_stops.duty_role,
        call_stops.received_at as stopped_at, false as is_by_person
    from call_stops
    inner join caller_numbers on call_stops.token = caller_numbers.token
    where call_stops.is_stop
    union all
    select
        caller_id, 'person' as rule_id, coalesce(is_urgent, false) as is_urgent, cast(null as varchar) as duty_role,
        stopped_at, true as is_by_person
    from casebook_stops
),

by_rule as (
    select
        caller_id,
        rule_id,
        bool_or(is_by_person) as is_by_person,
        min(stopped_at) as first_stop_at,
        max(stopped_at) as last_stop_at,
        max(stopped_at) filter (where is_urgent) as last_urgent_stop_at,
        count(*) filter (where is_urgent) as urgent_stops,
        min(duty_role) filter (where is_urgent) as urgent_duty_role,
        min(duty_role) as duty_role
    from hits
    group by caller_id, rule_id
),

final as (
    select
        caller_id,
        bool_or(is_by_person) as is_by_person,
        max(first_stop_at) as newest_stop_at,
        max(last_stop_at) as last_stop_at,
        max(last_urgent_stop_at) as last_urgent_stop_at,
        cast(sum(urgent_stops) as bigint) as urgent_stops,
        coalesce(min(urgent_duty_role), min(duty_role), cast($duty_role as varchar)) as duty_role
    from by_rule
    group by caller_id
)

select * from final
