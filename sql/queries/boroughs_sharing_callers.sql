-- Which boroughs have persistent callers in common, so that one lead could be agreed?
-- param calls = 3; misuse calls of a caller in the window in each of the two boroughs
with

caller_boroughs as (
    select calls.caller_id, calls.borough, count(*) as misuse_calls
    from calls
    inner join persistent_callers on calls.caller_id = persistent_callers.caller_id
    inner join windows
        on
            windows.window_name = 'headline' and calls.channel = windows.channel
            and calls.received_at >= windows.window_from and calls.received_at < windows.window_to
    where calls.is_misuse and calls.borough is not null
    group by calls.caller_id, calls.borough
    having count(*) >= $calls
)

select
    one.borough,
    other.borough as other_borough,
    count(*) as shared_callers,
    sum(one.misuse_calls + other.misuse_calls) as their_misuse_calls
from caller_boroughs as one
inner join caller_boroughs as other on one.caller_id = other.caller_id and one.borough < other.borough
group by one.borough, other.borough
order by shared_callers desc, their_misuse_calls desc, one.borough, other.borough
