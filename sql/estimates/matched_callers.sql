-- One row per caller of now and the caller of the run before that it is held against. Key: now_id. No params.
-- The two share most of the earlier one's misuse calls, and each has most in common with the other. An earlier caller
-- without such a partner stands by itself, with nothing now.
with

shared as (
    select calls.caller_id as now_id, previous_calls.caller_id as before_id, count(*) as calls
    from previous_calls
    inner join calls on previous_calls.call_key = calls.call_key
    where
        previous_calls.is_in_window and previous_calls.is_misuse and previous_calls.caller_id is not null
        and calls.caller_id is not null
    group by calls.caller_id, previous_calls.caller_id
),

final as (
    select now_id, before_id
    from shared
    qualify
        row_number() over (partition by now_id order by calls desc, before_id = now_id desc, before_id) = 1
        and row_number() over (partition by before_id order by calls desc, before_id = now_id desc, now_id) = 1
)

select * from final
