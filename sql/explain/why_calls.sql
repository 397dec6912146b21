-- One row per call of the caller, with the first rule that decides whether it counts. Key: call_key.
-- Params: $caller_id, $headline_channel. Within the window and the channel the verdicts sum to the caller's
-- headline row: stopped, doubtful, and the rest are its misuse calls.
with

bounds as (
    select min(window_from) as window_from, max(window_to) as window_to
    from caller_windows
    where window_name = 'headline'
),

final as (
    select
        calls.call_key,
        calls.received_at,
        calls.received_local,
        calls.channel,
        calls.opening_code,
        calls.closing_code,
        calls.qualifiers,
        calls.result_code,
        calls.is_coded_misuse,
        calls.is_stopped,
        case
            when not calls.is_coded_misuse then 'not_coded_misuse'
            when (calls.received_at >= bounds.window_from and calls.received_at < bounds.window_to) is not true
                then 'outside_window'
            when calls.channel <> $headline_channel then 'other_channel'
            when calls.is_stopped and callers.is_stopped then 'stopped_caller'
            when calls.is_stopped then 'stopped_call'
            when calls.is_doubtful then coalesce('doubtful_' || calls.doubt_kind, 'doubtful')
            when callers.identity_kind <> 'person' then callers.identity_kind
            else 'counted'
        end as verdict
    from calls
    inner join callers on calls.caller_id = callers.caller_id
    cross join bounds
    where calls.caller_id = $caller_id
)

select * from final
order by received_at, call_key
