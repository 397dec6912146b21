-- Which stopped calls did nobody known make: they came without a usable number, so that no look list has their caller?
-- Urgent ones first, then the newest; times are the reporting zone's.
-- param most = 200; calls shown
select
    calls.received_local,
    found.channel,
    found.borough,
    found.is_urgent,
    found.is_new,
    found.duty_role,
    coalesce(calls.closing_code, calls.opening_code) as code,
    found.call_key
from stopped_calls_of_nobody as found
inner join calls on found.call_key = calls.call_key
order by found.is_urgent desc, found.received_at desc, found.call_key
limit $most::integer
