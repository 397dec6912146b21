-- One row per local calendar month from the log's first to as-of's, on the headline channel. Key: month.
-- Params: $headline_channel. A month without a call has a row of noughts; its means are null.
with

log_span as (
    select first_date, last_date from windows where window_name = 'since_log_start' and first_date <= last_date
),

months as (
    select
        cast(unnest(
            generate_series(
                cast(date_trunc('month', first_date) as timestamp), cast(last_date as timestamp), interval '1 month'
            )
        ) as date) as month,
        first_date, last_date
    from log_span
),

persistent as (
    select caller_id from caller_windows where window_name = 'headline' and is_persistent
),

tallies as (
    select
        cast(date_trunc('month', calls.local_date) as date) as month,
        count(distinct calls.local_date) as days,
        count(*) as calls,
        count(*) filter (where calls.is_misuse) as misuse_calls,
        count(*) filter (where calls.is_misuse and persistent.caller_id is not null) as persistent_misuse_calls,
        count(*) filter (where calls.is_misuse and calls.caller_id is null) as unidentified_misuse_calls,
        sum(calls.handling_seconds) as handling_seconds,
        sum(calls.handling_seconds) filter (where calls.is_misuse) as misuse_handling_seconds,
        sum(calls.handling_seconds) filter (
            where calls.is_misuse and persistent.caller_id is not null
        ) as persistent_handling_seconds,
        sum(calls.unit_seconds) filter (where calls.is_misuse) as misuse_unit_seconds,
        sum(calls.unit_seconds) filter (
            where calls.is_misuse and persistent.caller_id is not null
        ) as persistent_unit_seconds
    from calls
    left join persistent on calls.caller_id = persistent.caller_id
    where calls.channel = cast($headline_channel as varchar)
    group by cast(date_trunc('month', calls.local_date) as date)
),

final as (
    select
        months.month,
        months.month >= months.first_date and last_day(months.month) <= months.last_date as is_whole,
        cast(coalesce(tallies.days, 0) as integer) as days,
        coalesce(tallies.calls, 0) as calls,
        coalesce(tallies.misuse_calls, 0) as misuse_calls,
        coalesce(tallies.persistent_misuse_calls, 0) as persistent_misuse_calls,
        coalesce(tallies.unidentified_misuse_calls, 0) as unidentified_misuse_calls,
        cast(tallies.handling_seconds as bigint) as handling_seconds,
        cast(tallies.misuse_handling_seconds as bigint) as misuse_handling_seconds,
        cast(tallies.persistent_handling_seconds as bigint) as persistent_handling_seconds,
        cast(tallies.misuse_unit_seconds as bigint) as misuse_unit_seconds,
        cast(tallies.persistent_unit_seconds as bigint) as persistent_unit_seconds,
        -- Over the days that the log covers, whether or not a call came on each.
        tallies.calls / (
            date_diff(
                'day', greatest(months.month, months.first_date), least(last_day(months.month), months.last_date)
            ) + 1
        ) as mean_calls_per_day
    from months
    left join tallies on months.month = tallies.month
)

select * from final
