-- One row per call, unit and direction that makes a caller's count differ from the run before.
-- Key: call_key, unit_id, direction. Param: $rules_changed. unit_id: a caller of now, or one of then by itself, as
-- matched_callers has it. A call of nobody known has none here either.
with

spans as (
    select
        windows.window_from, previous_window.window_to as previous_to, previous_window.window_from as previous_from
    from windows
    cross join previous_window
    where windows.window_name = 'headline'
),

now_calls as (
    select call_key, caller_id, received_at, is_stopped, is_doubtful, is_misuse
    from window_calls
    where window_name = 'headline'
),

before_calls as (
    select * from previous_calls where is_in_window and is_misuse
),

counted_now as (
    select * from now_calls where is_misuse
),

counted_before as (
    select before_calls.*, matched.unit_id
    from before_calls
    left join matched_callers as matched on before_calls.caller_id = matched.before_id
),

gained as (
    select
        counted_now.call_key, counted_now.caller_id as unit_id,
        case
            when earlier.call_key is null and counted_now.received_at >= spans.previous_to then 'new_calls'
            when earlier.call_key is null then 'late_data'
            when not earlier.is_coded_misuse then if(cast($rules_changed as boolean), 'rules', 'late_data')
            when earlier.is_stopped then 'stop'
            when earlier.is_doubtful then 'doubt'
            when not earlier.is_in_window and counted_now.received_at < spans.previous_from then 'rules'
            -- Its time or channel was another: the log was put right.
            when not earlier.is_in_window then 'late_data'
            else 'identity'
        end as reason
    from counted_now
    cross join spans
    left join previous_calls as earlier on counted_now.call_key = earlier.call_key
    left join counted_before on counted_now.call_key = counted_before.call_key
    where counted_before.call_key is null or counted_before.unit_id is distinct from counted_now.caller_id
),

lost as (
    select
        counted_before.call_key, counted_before.unit_id,
        case
            when calls.call_key is null then 'late_data'
            when calls.received_at < spans.window_from then 'fell_out'
            when not calls.is_coded_misuse then if(cast($rules_changed as boolean), 'rules', 'late_data')
            when calls.is_stopped then 'stop'
            when calls.is_doubtful then 'doubt'
            when now_calls.call_key is null then 'late_data'
            else 'identity'
        end as reason
    from counted_before
    cross join spans
    left join calls on counted_before.call_key = calls.call_key
    left join now_calls on counted_before.call_key = now_calls.call_key
    left join counted_now on counted_before.call_key = counted_now.call_key
    where counted_now.call_key is null or counted_now.caller_id is distinct from counted_before.unit_id
),

final as (
    select call_key, unit_id, 'gained' as direction, reason from gained
    union all
    select call_key, unit_id, 'lost' as direction, reason from lost
)

select * from final
