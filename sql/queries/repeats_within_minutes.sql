-- How much of the window's misuse is the same caller ringing again within the hour, and how many times?
-- param minutes = 60; again within so many minutes
with

gaps as (
    select
        calls.caller_id,
        date_diff('second', lag(calls.received_at) over in_order, calls.received_at) as seconds_since
    from calls
    inner join windows
        on
            windows.window_name = 'headline' and calls.channel = windows.channel
            and calls.received_at >= windows.window_from and calls.received_at < windows.window_to
    where calls.is_misuse and calls.caller_id is not null
    window in_order as (partition by calls.caller_id order by calls.received_at, calls.call_key)
)

select
    coalesce(persistent_callers.caller_id is not null, false) as is_persistent,
    count(*) as misuse_calls,
    count(*) filter (where seconds_since <= $minutes * 60) as repeats,
    round(count(*) filter (where seconds_since <= $minutes * 60) / count(*), 3) as repeat_share,
    count(distinct gaps.caller_id) as callers
from gaps
left join persistent_callers on gaps.caller_id = persistent_callers.caller_id
group by is_persistent
order by is_persistent
