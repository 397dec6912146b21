-- One row per split, value and whole local month on the headline channel: all calls, each borough, each local hour.
-- Key: split, value, month. Params: $headline_channel. A month without a call has noughts. regular_misuse_calls are
-- those of persons with five or more misuse calls in that month, whatever they did in others: a line that a longer log
-- does not move. handling_seconds is null where none of the month's misuse calls was measured, which is not nought.
with

months as (
    select month, cast(day(last_day(month)) as integer) as days from misuse_monthly where is_whole
),

regulars as (
    select caller_id, cast(date_trunc('month', local_date) as date) as month
    from window_calls
    where window_name = 'since_log_start' and is_misuse and identity_kind = 'person'
    group by caller_id, cast(date_trunc('month', local_date) as date)
    having count(*) >= 5
),

tallies as (
    select
        cast(date_trunc('month', local_date) as date) as month, coalesce(borough, 'not recorded') as borough,
        local_hour,
        count(*) as calls, 0 as misuse_calls, 0 as regular_misuse_calls,
        cast(null as bigint) as handling_seconds
    from calls
    where channel = cast($headline_channel as varchar)
    group by cast(date_trunc('month', local_date) as date), coalesce(borough, 'not recorded'), local_hour
    union all
    select
        cast(date_trunc('month', calls.local_date) as date) as month,
        coalesce(calls.borough, 'not recorded') as borough,
        calls.local_hour, 0 as calls, count(*) as misuse_calls, count(regulars.caller_id) as regular_misuse_calls,
        sum(calls.handling_seconds) as handling_seconds
    from calls
    left join regulars
        on
            calls.caller_id = regulars.caller_id
            and cast(date_trunc('month', calls.local_date) as date) = regulars.month
    where calls.channel = cast($headline_channel as varchar) and calls.is_misuse
    group by
        cast(date_trunc('month', calls.local_date) as date), coalesce(calls.borough, 'not recorded'), calls.local_hour
),

facets as (
    select
        *, unnest(['all', 'borough', 'hour']) as split,
        unnest(['all', borough, lpad(cast(local_hour as varchar), 2, '0')]) as value
    from tallies
),

asked as (
    select facets.split, facets.value, months.month, months.days
    from (select distinct split, value from facets) as facets
    cross join months
),

counted as (
    select
        asked.split, asked.value, asked.month, any_value(asked.days) as days,
        cast(coalesce(sum(facets.calls), 0) as bigint) as calls,
        cast(coalesce(sum(facets.misuse_calls), 0) as bigint) as misuse_calls,
        cast(coalesce(sum(facets.regular_misuse_calls), 0) as bigint) as regular_misuse_calls,
        cast(sum(facets.handling_seconds) as bigint) as handling_seconds
    from asked
    left join facets on asked.split = facets.split and asked.value = facets.value and asked.month = facets.month
    group by asked.split, asked.value, asked.month
),

final as (
    select
        * exclude (handling_seconds),
        -- No misuse takes no time, but only of what is measured at all is that known.
        case
            when misuse_calls = 0 and count(handling_seconds) over (partition by split, value) > 0 then 0
            else handling_seconds
        end as handling_seconds
    from counted
)

select * from final
