-- One row per window: what the headline channel carried in it. Key: window_name. Params: $headline_channel.
-- Summed by local day first, since windows are whole local days and there are few of those.
with

days as (
    select
        local_date,
        count(*) as calls,
        sum(handling_seconds) as handling_seconds,
        sum(unit_seconds) as unit_seconds,
        count(*) filter (where is_coded_misuse) as coded_misuse_calls,
        count(*) filter (where is_coded_misuse and is_stopped) as stopped_calls,
        count(*) filter (where is_coded_misuse and is_stopped and caller_id is null) as stopped_unidentified_calls,
        count(*) filter (where is_doubtful) as doubtful_calls,
        count(*) filter (where is_doubtful and caller_id is null) as doubtful_unidentified_calls,
        count(*) filter (where is_misuse) as misuse_calls,
        count(*) filter (where is_misuse and caller_id is null) as unidentified_misuse_calls,
        count(handling_seconds) as handling_measured_calls,
        count(unit_seconds) as unit_measured_calls,
        count(handling_seconds) filter (where is_misuse) as misuse_handling_measured_calls,
        count(unit_seconds) filter (where is_misuse) as misuse_unit_measured_calls
    from calls
    where channel = cast($headline_channel as varchar)
    group by local_date
),

final as (
    select
        windows.window_name,
        coalesce(sum(days.calls), 0) as calls,
        sum(days.handling_seconds) as handling_seconds,
        sum(days.unit_seconds) as unit_seconds,
        coalesce(sum(days.coded_misuse_calls), 0) as coded_misuse_calls,
        coalesce(sum(days.stopped_calls), 0) as stopped_calls,
        coalesce(sum(days.stopped_unidentified_calls), 0) as stopped_unidentified_calls,
        coalesce(sum(days.doubtful_calls), 0) as doubtful_calls,
        coalesce(sum(days.doubtful_unidentified_calls), 0) as doubtful_unidentified_calls,
        coalesce(sum(days.misuse_calls), 0) as misuse_calls,
        coalesce(sum(days.unidentified_misuse_calls), 0) as unidentified_misuse_calls,
        coalesce(sum(days.handling_measured_calls), 0) as handling_measured_calls,
        coalesce(sum(days.unit_measured_calls), 0) as unit_measured_calls,
        coalesce(sum(days.misuse_handling_measured_calls), 0) as misuse_handling_measured_calls,
        coalesce(sum(days.misuse_unit_measured_calls), 0) as misuse_unit_measured_calls
    from windows
    left join days on days.local_date between windows.first_date and windows.last_date
    group by windows.window_name
)

select * from final
