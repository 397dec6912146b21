-- All misuse of the headline window: one row. Key: misuse_calls.
select
    count(*) as misuse_calls,
    sum(calls.handling_seconds)::bigint as handling_seconds
from calls
inner join windows on calls.received_at >= windows.window_from and calls.received_at < windows.window_to
where windows.window_name = 'headline' and calls.channel = windows.channel and calls.is_misuse
