-- Of the persistent callers, who is new: how long have they been calling, and what do they add?
-- param new_days = 90; new means a first call of any kind within so many days of as-of
select
    case
        when callers.first_call_at >= windows.window_to - to_days($new_days) then 'new caller'
        when windows.tenth_misuse_at >= windows.window_to - to_days($new_days) then 'newly persistent'
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
