-- One row per call of the copy published before that bore on its headline, or bears on this one's. Key: call_key.
-- Params: $headline_channel. Read from the earlier copy, attached as previous.
with

final as (
    select
        earlier.call_key, earlier.caller_id, earlier.identity_kind, earlier.is_coded_misuse, earlier.is_stopped,
        earlier.is_doubtful, earlier.is_misuse,
        earlier.channel = cast($headline_channel as varchar)
        and earlier.received_at >= windows.window_from and earlier.received_at < windows.window_to as is_in_window
    from previous.calls as earlier
    inner join previous.windows as windows on windows.window_name = 'headline'
    where
        earlier.is_coded_misuse
        or earlier.call_key in (
            select window_calls.call_key from window_calls where window_calls.window_name = 'headline'
        )
)

select * from final
