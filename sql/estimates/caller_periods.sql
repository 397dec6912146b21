-- One row per person, or other maker of misuse calls, and 30-day period of the log. Key: unit_id, period.
-- Params: $as_of.
-- Periods run back from as-of; a first one that the log does not cover whole is left out. Shared lines and unidentified
-- calls are units that never persist: each call of theirs is one of its own.
with

log_start as (
    select first_date from windows where window_name = 'since_log_start'
),

whole as (
    select cast(greatest(date_diff('day', first_date, cast($as_of as date) + 1) // 30, 0) as integer) as periods
    from log_start
),

periods as (
    select periods, cast($as_of as date) + 1 - 30 * periods as first_date from whole
),

misuse as (
    select
        case when calls.identity_kind = 'person' then calls.caller_id else cast(calls.call_key as varchar) end
            as unit_id,
        date_diff('day', periods.first_date, calls.local_date) // 30 as period,
        periods.periods
    from window_calls as calls
    cross join periods
    where calls.window_name = 'since_log_start' and calls.is_misuse and calls.local_date >= periods.first_date
),

final as (
    select unit_id, period, any_value(periods) as periods, count(*) as misuse_calls
    from misuse
    group by unit_id, period
)

select * from final
