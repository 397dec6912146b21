-- One row per window whose counts stand side by side: the run's own windows, and two of whole calendar months.
-- Key: window_name. Params: $as_of. month is the last whole local month, quarter it and the two before: the ambulance
-- services' frequent callers are counted in these.
with

months as (
    select
        case
            when last_day(cast($as_of as date)) = cast($as_of as date) then cast($as_of as date)
            else cast(date_trunc('month', cast($as_of as date)) as date) - 1
        end as last_date
),

final as (
    select window_name, first_date, last_date from windows
    union all
    select 'month' as window_name, cast(date_trunc('month', last_date) as date) as first_date, last_date from months
    union all
    select
        'quarter' as window_name, cast(date_trunc('month', last_date) - interval 2 month as date) as first_date,
        last_date
    from months
)

select * from final
