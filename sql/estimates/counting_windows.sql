-- One row per window whose counts stand side by side: the run's own windows, and two of whole calendar months.
-- Key: window_name. Params: $as_of. month is the last whole local month, quarter it and the two before: the ambulance
-- services' frequent callers are counted in these. Of months that the log does not hold whole nothing is counted:
-- is_covered says so. The run's own windows are of days up to as-of, as many as the log has of them.
with

months as (
    select
        case
            when last_day(cast($as_of as date)) = cast($as_of as date) then cast($as_of as date)
            else cast(date_trunc('month', cast($as_of as date)) as date) - 1
        end as last_date
),

spans as (
    select 'month' as window_name, cast(date_trunc('month', last_date) as date) as first_date, last_date from months
    union all
    select
        'quarter' as window_name, cast(date_trunc('month', last_date) - interval 2 month as date) as first_date,
        last_date
    from months
),

final as (
    select window_name, first_date, last_date, true as is_covered from windows
    union all
    select
        spans.window_name, spans.first_date, spans.last_date,
        coalesce(spans.first_date >= log_start.first_date, false) as is_covered
    from spans
    left join windows as log_start on log_start.window_name = 'since_log_start'
)

select * from final
