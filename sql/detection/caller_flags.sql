-- One row per caller with a hard stop, on a call or on the caller. Key: caller_id. Params: $duty_role. What the look
-- list needs of stops: when a rule last hit for the first time, so that a second danger is as new as the first; how
-- many urgent stops there are, and the id of each stop by rule, so that one which arrives late is seen; who looks
-- (urgent rules' roles before others'); whether all came from elsewhere (another number, an address or a person in
-- common); whether one is for new content. A stop that was lifted from the caller still stands on the calls that bear
-- it. An id tells neither rule nor call, and is the same for ever; what a person entered anew is another stop.
with

hits as (
    select caller_id, rule_id, is_urgent, duty_role, hit_at, via, cast(call_key as varchar) as hit
    from call_hits
    where is_stop and caller_id is not null
    union all
    select caller_id, rule_id, is_urgent, duty_role, hit_at, via, hit
    from stop_reach
    where is_stop and via <> 'own' and not is_silent_only
),

named as (
    select
        *, left(replace(cast(token_of('stop', rule_id || ' ' || hit) as varchar), '-', ''), 12) as stop_id
    from hits
),

by_rule as (
    select
        caller_id,
        rule_id,
        list_sort(list_distinct(list(stop_id))) as stop_ids,
        list_distinct(list(stop_id) filter (where is_urgent)) as urgent_stop_ids,
        min(hit_at) as first_stop_at,
        max(hit_at) as last_stop_at,
        max(hit_at) filter (where is_urgent) as last_urgent_stop_at,
        count(distinct stop_id) filter (where is_urgent) as urgent_stops,
        min(duty_role) filter (where is_urgent) as urgent_duty_role,
        min(duty_role) as duty_role,
        bool_and(via in ('same_number', 'linked', 'person', 'address', 'place', 'kept')) as is_from_elsewhere
    from named
    group by caller_id, rule_id
),

by_caller as (
    select
        caller_id,
        bool_or(rule_id = 'person') as is_by_person,
        max(first_stop_at) as newest_stop_at,
        max(last_stop_at) as last_stop_at,
        max(last_urgent_stop_at) as last_urgent_stop_at,
        cast(sum(urgent_stops) as bigint) as urgent_stops,
        list_transform(
            list_sort(list(struct_pack(rule_id := rule_id, stop_ids := stop_ids))),
            lambda rule: struct_extract(rule, 'stop_ids')
        ) as stop_ids_by_rule,
        list_sort(list_distinct(flatten(list(coalesce(urgent_stop_ids, []))))) as urgent_stop_ids,
        list_sort(list_distinct(list(urgent_duty_role))) as urgent_roles,
        list_sort(list_distinct(list(duty_role))) as roles,
        bool_and(is_from_elsewhere) as is_from_elsewhere,
        bool_or(rule_id in (select rule_id from rule_stops where pattern = 'new_content')) as has_new_content
    from by_rule
    group by caller_id
),

final as (
    select
        * exclude (urgent_roles, roles),
        coalesce(
            nullif(array_to_string(list_concat(
                urgent_roles, list_filter(roles, role -> not list_contains(coalesce(urgent_roles, []), role))
            ), ', '), ''),
            cast($duty_role as varchar)
        ) as duty_role
    from by_caller
)

select * from final
