-- How much of misuse is the same caller ringing again within the hour, and how many times?
-- param minutes = 60; again within so many minutes
with

gaps as (
    select
        caller_id,
        date_diff('second', lag(received_at) over (partition by caller_id order by received_at), received_at)
            as seconds_since
    from calls
    where is_misuse and caller_id is not null and local_date > (select max(as_of) - 365 from bridge)
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
