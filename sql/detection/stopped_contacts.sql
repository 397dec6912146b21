-- One row per caller whom a stop reaches, with a call in the headline window: how many, of any kind and channel.
-- Key: caller_id. No params. In a log of many years nearly everyone has ten calls; a list of them all would hide those
-- who call often now.
select calls.caller_id, count(*) as calls
from calls
inner join windows
    on
        windows.window_name = 'headline'
        and calls.received_at >= windows.window_from and calls.received_at < windows.window_to
where calls.caller_id in (select caller_id from caller_flags)
group by calls.caller_id
