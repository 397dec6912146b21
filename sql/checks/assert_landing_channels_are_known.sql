-- Calls came by a channel that is known: 999, 101, text relay, other, or the one that the headline counts.
-- An emergency line under a name of its own would leave the headline, and nobody would miss its calls.
-- Five words are channels; more may be another column's, of names, and are counted and not shown.
-- Door: landing
-- Severity: warn
-- Limits: 0 to 0
-- Finding: {value:.1%} of the calls came by a channel of no known name ({scopes}), so no headline counts them
-- Next: rename the log's words under [sources.NAME.codes.channel] to 999, 101, text relay or other
-- Params: $headline_channel.
with

channels as (
    select channel, count(*) as calls
    from landing_calls
    group by channel
),

unknown as (
    select *
    from channels
    where
        channel <> $headline_channel
        and regexp_replace(channel, '[\s_-]+', ' ', 'g') not in ('999', '101', 'TEXT RELAY', 'OTHER')
)

select
    case
        when count(*) > 5 then count(*) || ' different words'
        else coalesce(string_agg(channel, ', ' order by calls desc, channel), 'none')
    end as scope,
    coalesce(sum(calls), 0) / greatest((select sum(calls) from channels), 1) as value
from unknown
