-- One row per borough: misuse calls of persistent callers on the headline's channel and in its window, and how many of
-- these callers' calls fall in more than one borough. Key: borough. No params.
with

counted as (
    select calls.caller_id, coalesce(calls.borough, 'not recorded') as borough, count(*) as misuse_calls
    from calls
    inner join persistent_callers on calls.caller_id = persistent_callers.caller_id
    inner join windows
        on windows.window_name = 'headline' and calls.channel = windows.channel
            and calls.received_at >= windows.window_from and calls.received_at < windows.window_to
    where calls.is_misuse
    group by all
),

spread as (
    select caller_id, count(*) filter (where borough <> 'not recorded') as boroughs
    from counted
    group by caller_id
)

select
    counted.borough,
    sum(counted.misuse_calls) as misuse_calls,
    count(*) as callers,
    count(*) filter (where spread.boroughs > 1) as callers_of_several_boroughs,
    coalesce(sum(counted.misuse_calls) filter (where spread.boroughs > 1), 0) as calls_of_those
from counted
inner join spread on counted.caller_id = spread.caller_id
group by counted.borough
order by misuse_calls desc, counted.borough
