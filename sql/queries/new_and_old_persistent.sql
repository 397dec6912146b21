-- Of the persistent callers, who is new: how long have they been calling, and what do they add?
-- param new_days = 90; new means a first call of any kind within so many days of as-of
with

-- Local days: over a clock change so many days are no multiple of 24 hours.
lately as (
    select timezone('UTC', timezone(reporting_zone, (last_date + 1 - $new_days::integer)::timestamp)) as begins
    from windows
    where window_name = 'headline'
)

select
    case
        when callers.first_call_at >= (select begins from lately) then 'new caller'
        when windows.tenth_misuse_at >= (select begins from lately) then 'newly persistent'
        else 'persistent before'
    end as standing,
    count(*) as persistent_callers,
    sum(windows.misuse_calls) as misuse_calls,
    round(avg(windows.misuse_calls), 1) as calls_each,
    round(sum(persistent_callers.share_of_misuse), 4) as share_of_misuse
from persistent_callers
inner join callers on persistent_callers.caller_id = callers.caller_id
inner join caller_windows as windows
    on persistent_callers.caller_id = windows.caller_id and windows.window_name = 'headline'
group by standing
order by misuse_calls desc, standing
