-- Which persistent callers also have emergencies, and how grave were they?
-- param least = 1; genuine calls in 365 days, at least
select
    calls.caller_id,
    any_value(persistent_callers.misuse_calls) as misuse_calls,
    count(*) as genuine_calls,
    count(*) filter (where calls.grade in ('I', 'S')) as graded_immediate_or_soon,
    count(*) filter (where calls.units_assigned > 0) as with_units_sent,
    mode(calls.closing_code) as commonest_closing_code,
    max(calls.received_local) as last_genuine_local
from calls
inner join persistent_callers on calls.caller_id = persistent_callers.caller_id
where not calls.is_coded_misuse and calls.local_date > (select max(as_of) - 365 from bridge)
group by calls.caller_id
having count(*) >= $least
order by graded_immediate_or_soon desc, genuine_calls desc, calls.caller_id
