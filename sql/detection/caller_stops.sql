-- One row per caller and rule that reaches every call of theirs, in any channel. Key: caller_id, rule_id. No params.
-- rule_id 'person' is a stop that somebody entered. via: the nearest way by which it reaches them: own, register,
-- same_number, linked, person, address, kept, person_entered, carried.
with

final as (
    select
        caller_id, rule_id, bool_or(is_stop) as is_stop, bool_or(is_urgent) as is_urgent,
        bool_or(support_first) as support_first, max(duty_role) as duty_role, max(hit_at) as last_at,
        min_by(via, list_position([
            'own', 'register', 'same_number', 'linked', 'person', 'address', 'kept', 'person_entered', 'carried'
        ], via)) as via
    from stop_reach
    where not is_silent_only
    group by caller_id, rule_id
)

select * from final
