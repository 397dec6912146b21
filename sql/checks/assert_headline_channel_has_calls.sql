-- Calls of the headline's window came by the headline's channel: an empty list would pass for a town without misuse.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: none of the {value:.0f} calls in the headline's window came by its channel ({scopes})
-- Next: rename the log's words under [sources.NAME.codes.channel] and ingest again, or set headline_channel
with

counted as (
    select
        windows.channel, count(*) as calls, count(*) filter (where calls.channel = windows.channel) as on_channel
    from calls
    inner join windows
        on
            windows.window_name = 'headline'
            and calls.received_at >= windows.window_from and calls.received_at < windows.window_to
    group by windows.channel
)

select channel as scope, (case when on_channel = 0 then calls else 0 end)::double as value
from counted
union all
select 'no calls at all' as scope, 0.0 as value
