-- Whose misuse calls on the headline's channel have at least doubled against the period before?
-- param days = 30; length of each of the two periods
-- param least = 4; misuse calls in the later one, at least
with

periods as (
    select
        caller_id,
        count(*) filter (where local_date > (select max(as_of) - $days::integer from bridge)) as calls_now,
        count(*) filter (where local_date <= (select max(as_of) - $days::integer from bridge)) as calls_before
    from calls
    where
        is_misuse
        and identity_kind = 'person'
        and channel = (select channel from windows where window_name = 'headline')
        and local_date > (select max(as_of) - 2 * $days::integer from bridge)
    group by caller_id
)

select
    periods.caller_id,
    periods.calls_before,
    periods.calls_now,
    callers.misuse_calls as misuse_calls_in_all,
    callers.home_borough,
    callers.support_first
from periods
inner join callers on periods.caller_id = callers.caller_id
where periods.calls_now >= $least and periods.calls_now >= 2 * periods.calls_before
order by periods.calls_now - periods.calls_before desc, periods.caller_id
