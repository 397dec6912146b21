-- One row per caller of the run before with misuse calls in its window, and the unit its calls are counted under now.
-- Key: before_id, and unit_id. No params. caller_id: what readers call the unit, the partner's id or its own then.
-- It is held against the caller of now with which it shares most of its misuse calls, if that is mutual: the unit is
-- then that one's id. Without such a partner it stands by itself under its own id, unless that is another's partner
-- now: what two callers count under one id adds up to neither, so it has a unit of its own.
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

partners as (
    select now_id, before_id
    from shared
    qualify
        row_number() over (partition by now_id order by calls desc, before_id = now_id desc, before_id) = 1
        and row_number() over (partition by before_id order by calls desc, before_id = now_id desc, now_id) = 1
),

earlier as (
    select distinct caller_id from previous_calls where is_in_window and is_misuse and caller_id is not null
),

final as (
    select
        earlier.caller_id as before_id, coalesce(partners.now_id, earlier.caller_id) as caller_id,
        case
            when partners.now_id is not null then partners.now_id
            when taken.now_id is not null then 'before ' || earlier.caller_id
            else earlier.caller_id
        end as unit_id
    from earlier
    left join partners on earlier.caller_id = partners.before_id
    left join partners as taken on earlier.caller_id = taken.now_id
)

select * from final
