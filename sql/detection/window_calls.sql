-- One row per coded misuse call on the headline channel and window that it falls in. Key: window_name, call_key.
-- Params: $headline_channel. Narrow, and read by every model that counts misuse in windows.
with

coded as (
    select *
    from calls
    where is_coded_misuse and channel = cast($headline_channel as varchar)
),

final as (
    select
        windows.window_name, windows.window_from, windows.window_to, windows.threshold,
        coded.call_key, coded.line_id, coded.caller_id, coded.identity_kind, coded.received_at, coded.local_date,
        coded.episode_number, coded.borough, coded.handling_seconds, coded.unit_seconds,
        coded.is_stopped, coded.is_doubtful, coded.is_misuse
    from coded
    inner join windows on coded.received_at >= windows.window_from and coded.received_at < windows.window_to
)

select * from final
