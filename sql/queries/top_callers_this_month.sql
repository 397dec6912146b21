-- Who made the most misuse calls, on whatever channel, in the calendar month of as-of?
-- param callers = 20; how many to show
with

month_calls as (
    select *
    from calls
    where
        is_misuse
        and caller_id is not null
        and local_date >= date_trunc('month', (select max(as_of) from bridge))
)

select
    caller_id,
    any_value(identity_kind) as identity_kind,
    count(*) as misuse_calls,
    count(distinct local_date) as days,
    round(sum(handling_seconds) / 3600.0, 1) as handling_hours,
    max(received_local) as last_call_local
from month_calls
group by caller_id
order by misuse_calls desc, caller_id
limit $callers
