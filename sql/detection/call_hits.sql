-- One row per call and rule that bars the call itself, or merely flags it. Key: call_key, rule_id. No params. via:
-- own (its marker or codeword, its place in a pattern), or the way by which a rule that looks for silent and
-- abandoned calls reaches the caller: each such call is a hit of its own, to be looked at the same night. hit_at:
-- when the call came, or, where that was later, when the rule first reached its caller.
with

traits as (
    select rule_id, pattern, is_stop, is_urgent, support_first, nullif(duty_role, '') as duty_role
    from rule_stops
),

marker_hits as (
    select
        hits.call_key, hits.rule_id, 'own' as via, hits.received_at as hit_at, numbers.caller_id, hits.is_stop,
        hits.is_urgent, hits.support_first, hits.duty_role
    from call_stops as hits
    left join caller_numbers as numbers
        on
            hits.token = numbers.token
            and hits.received_at >= numbers.spell_from and hits.received_at < numbers.spell_to
),

-- What a run published of a pattern stays on the call.
patterns as (
    select call_key, rule_id from fault_bursts
    union
    select call_key, rule_id from new_content
    union
    select try_cast(hit as uuid) as call_key, rule_id from casebook_kept_stops where len(spell_ids) = 0
),

-- What somebody lifted of a pattern from the number that called, call by call.
lifted_patterns as (
    select lifts.rule_id, unnest(lifts.spell_ids) as spell_id, lifts.hits
    from casebook_lifts as lifts
    inner join traits on lifts.rule_id = traits.rule_id
    where traits.pattern in ('burst', 'new_content')
),

pattern_hits as (
    select
        patterns.call_key, patterns.rule_id, 'own' as via, calls.received_at as hit_at, calls.caller_id,
        traits.* exclude (rule_id, pattern)
    from patterns
    inner join call_contents as calls on patterns.call_key = calls.call_key
    inner join traits on patterns.rule_id = traits.rule_id
    anti join lifted_patterns as lifts
        on
            patterns.rule_id = lifts.rule_id and calls.spell_id = lifts.spell_id
            and list_contains(lifts.hits, cast(patterns.call_key as varchar))
),

reached as (
    select
        stop_reach.caller_id, traits.*, min(stop_reach.hit_at) as reached_at,
        min_by(stop_reach.via, list_position(
            ['own', 'same_number', 'linked', 'person', 'address', 'place', 'kept', 'carried'], stop_reach.via
        )) as via
    from stop_reach
    inner join traits on stop_reach.rule_id = traits.rule_id
    where traits.pattern = 'ties'
    group by all
),

silent_hits as (
    select
        calls.call_key, reached.rule_id, reached.via, greatest(calls.received_at, reached.reached_at) as hit_at,
        calls.caller_id, reached.is_stop, reached.is_urgent, reached.support_first, reached.duty_role
    from call_contents as calls
    inner join reached on calls.caller_id = reached.caller_id
    where calls.is_silent
    union all
    select
        lone.call_key, lone.rule_id, lone.via, lone.hit_at, cast(null as varchar), traits.* exclude (rule_id, pattern)
    from lone_ties as lone
    inner join traits on lone.rule_id = traits.rule_id
),

hits as (
    select * from marker_hits
    union all
    select * from pattern_hits
    union all
    select * from silent_hits
),

final as (
    select
        call_key, rule_id, caller_id, min(hit_at) as hit_at,
        min_by(via, list_position(
            ['own', 'same_number', 'linked', 'person', 'address', 'place', 'kept', 'carried'], via
        )) as via,
        bool_or(is_stop) as is_stop, bool_or(is_urgent) as is_urgent, bool_or(support_first) as support_first,
        max(duty_role) as duty_role
    from hits
    group by call_key, rule_id, caller_id
)

select * from final
