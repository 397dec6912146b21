-- One row per reason for which coded misuse of the window is not counted. Key: reason.
with

window_of as (
    select window_from, window_to, channel from windows where window_name = 'headline'
),

final as (
    select
        case
            when calls.is_stopped then 'stopped'
            when calls.is_doubtful then 'doubtful_' || calls.doubt_kind
            when calls.caller_id is null then 'unidentified'
            when calls.identity_kind <> 'person' then 'shared_line_or_premises'
            else 'counted'
        end as reason,
        count(*) as calls
    from calls
    inner join window_of on calls.received_at >= window_of.window_from and calls.received_at < window_of.window_to
    where calls.is_coded_misuse and calls.channel = window_of.channel
    group by all
)

select * from final
order by calls desc, reason
