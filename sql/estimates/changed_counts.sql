-- One row per unit over the line now or in the run before. Key: unit_id. No params.
-- unit_id: a caller of now, or one of then by itself, as matched_callers has it; caller_id is the one of now, or the id
-- of then. may_before and may_now: a person, which a shared line is not. decisions: earlier ones that its coming or
-- going touches, cases by their state and the list frozen for the last meeting.
with

now_counts as (
    select caller_id, count(*) as calls, any_value(identity_kind) = 'person' as may_persist
    from window_calls
    where window_name = 'headline' and is_misuse and caller_id is not null
    group by caller_id
),

before_counts as (
    select
        matched.unit_id, matched.caller_id, earlier.caller_id as previous_caller_id, count(*) as calls,
        any_value(earlier.identity_kind) = 'person' as may_persist
    from previous_calls as earlier
    inner join matched_callers as matched on earlier.caller_id = matched.before_id
    where earlier.is_in_window and earlier.is_misuse
    group by matched.unit_id, matched.caller_id, earlier.caller_id
),

cases as (
    select case_callers.caller_id, casebook_cases.case_ref || ' ' || casebook_cases.status as decision
    from casebook_cases
    inner join case_callers on casebook_cases.case_ref = case_callers.case_ref
    union
    select caller_id, case_ref || ' ' || status as decision from casebook_cases
    union
    select caller_id, 'on the list frozen for the meeting of ' || as_of as decision from last_cycle
),

decided as (
    select caller_id, list(decision order by decision) as decisions from cases group by caller_id
),

final as (
    select
        coalesce(now_counts.caller_id, before_counts.unit_id) as unit_id,
        coalesce(now_counts.caller_id, before_counts.caller_id) as caller_id, before_counts.previous_caller_id,
        coalesce(before_counts.calls, 0) as before_calls, coalesce(now_counts.calls, 0) as now_calls,
        coalesce(before_counts.may_persist, now_counts.may_persist, false) as may_before,
        coalesce(now_counts.may_persist, false) or now_counts.caller_id is null as may_now,
        coalesce(own.decisions, []) || coalesce(earlier.decisions, []) as decisions
    from now_counts
    full join before_counts on now_counts.caller_id = before_counts.unit_id
    cross join previous_window
    inner join windows on windows.window_name = 'headline'
    left join decided as own on coalesce(now_counts.caller_id, before_counts.caller_id) = own.caller_id
    left join decided as earlier
        on
            before_counts.previous_caller_id = earlier.caller_id
            and before_counts.previous_caller_id <> coalesce(now_counts.caller_id, before_counts.caller_id)
    where
        coalesce(now_counts.calls, 0) >= windows.threshold
        or coalesce(before_counts.calls, 0) >= previous_window.threshold
)

select * from final
