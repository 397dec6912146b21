-- Which calls came without a usable number: absent, malformed or placeholder, by channel and the reason given?
-- param days = 365; days of the log, up to its last
with

spans as (
    select
        channel, number_kind, cli_status,
        local_date > (select max(local_date) from calls) - cast($days as integer) as is_within
    from calls
),

channels as (
    select channel, count(*) as channel_calls
    from spans
    where is_within
    group by channel
)

select
    spans.channel,
    spans.number_kind,
    coalesce(spans.cli_status, 'no reason given') as reason,
    count(*) as calls,
    round(count(*) / max(channels.channel_calls), 4) as share_of_channel
from spans
inner join channels on spans.channel = channels.channel
where spans.is_within and spans.number_kind in ('absent', 'malformed', 'placeholder')
group by spans.channel, spans.number_kind, coalesce(spans.cli_status, 'no reason given')
order by spans.channel, calls desc, spans.number_kind, reason
