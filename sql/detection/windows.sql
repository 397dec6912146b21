-- One row per window of event time: whole local days up to and with as-of, half-open in UTC.
-- Key: window_name. Params: $run_id, $as_of, $reporting_zone, $window_days, $threshold, $shared_line_threshold,
-- $headline_channel.
-- A day's length follows the reporting zone's clock changes, so a window is never a fixed count of hours. The log
-- starts with the headline channel's first call: what another channel's holds from before says nothing of misuse.
with

log_start as (
    select
        cast(min(received_at) at time zone 'UTC' at time zone cast($reporting_zone as varchar) as date) as first_date
    from call_records
    where channel = cast($headline_channel as varchar)
),

spans as (
    select
        'headline' as window_name,
        cast($as_of as date) - (cast($window_days as integer) - 1) as first_date
    union all
    select
        'd365' as window_name,
        cast($as_of as date) - 364 as first_date
    union all
    select
        'd90' as window_name,
        cast($as_of as date) - 89 as first_date
    union all
    select
        'd30' as window_name,
        cast($as_of as date) - 29 as first_date
    union all
    -- With no call before the end of as-of the window is empty, not back to front.
    select
        'since_log_start' as window_name,
        least(coalesce(first_date, cast($as_of as date) + 1), cast($as_of as date) + 1) as first_date
    from log_start
),

-- Where clocks go back at or over midnight, the day begins with the first of two: the engine takes the second.
midnights as (
    select
        day,
        case
            when (late - interval 1 hour) at time zone 'UTC' at time zone cast($reporting_zone as varchar) = day
                then late - interval 1 hour
            else late
        end as begins_at
    from (
        select day, day at time zone cast($reporting_zone as varchar) at time zone 'UTC' as late
        from (
            select cast(first_date as timestamp) as day from spans
            union
            select cast(cast($as_of as date) + 1 as timestamp) as day
        ) as days
    ) as latest
),

final as (
    select
        cast($run_id as varchar) as run_id,
        cast($as_of as date) as as_of,
        window_name,
        first_days.begins_at as window_from,
        next_days.begins_at as window_to,
        first_date,
        cast($as_of as date) as last_date,
        cast($threshold as integer) as threshold,
        cast($shared_line_threshold as integer) as shared_line_threshold,
        cast($headline_channel as varchar) as channel,
        cast($reporting_zone as varchar) as reporting_zone
    from spans
    inner join midnights as first_days on spans.first_date = first_days.day
    inner join midnights as next_days on cast($as_of as date) + 1 = next_days.day
)

select * from final
