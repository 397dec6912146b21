-- One row per whole local month inside a window and inside the log, and window. Key: window_name, month.
-- Params: $headline_channel. call_days: what one call is in days' work, the mean calls a day of the same month
-- being one day; handling_days: the same for one second of handling time. handling_months and unit_months: of the
-- window's months, those in which handling or units' time was measured on any call; hours are a mean over these.
with

month_tallies as (
    select
        cast(date_trunc('month', local_date) as date) as month,
        count(*) as calls,
        sum(handling_seconds) as handling_seconds,
        count(unit_seconds) > 0 as is_unit_measured
    from calls
    where channel = cast($headline_channel as varchar)
    group by cast(date_trunc('month', local_date) as date)
),

log_start as (
    select first_date from windows where window_name = 'since_log_start'
),

final as (
    select
        windows.window_name, month_tallies.month, month_tallies.calls, month_tallies.handling_seconds,
        extract(day from last_day(month_tallies.month)) as days,
        extract(day from last_day(month_tallies.month)) / month_tallies.calls as call_days,
        extract(day from last_day(month_tallies.month)) / nullif(month_tallies.handling_seconds, 0) as handling_days,
        count(*) over (partition by windows.window_name) as months,
        -- No time at all is a source that has none to tell.
        count(nullif(month_tallies.handling_seconds, 0)) over (partition by windows.window_name) as handling_months,
        count(*) filter (where month_tallies.is_unit_measured) over (partition by windows.window_name) as unit_months
    from month_tallies
    cross join log_start
    inner join windows
        on
            month_tallies.month >= greatest(windows.first_date, log_start.first_date)
            and last_day(month_tallies.month) <= windows.last_date
)

select * from final
