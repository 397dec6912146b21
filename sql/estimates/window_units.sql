-- One row per window, way of counting and unit: a caller or line with its misuse calls, or one unidentified call.
-- Key: window_name, counted_by, unit_id. No params. What estimation resamples. Sums of fractions are kept as
-- decimals, so that they don't depend on the order of adding; rows are ordered by value, never by pseudonym. Time a
-- month is a mean over the months in which that time was measured, calls over all whole months.
with

misuse as (
    select
        calls.*,
        months.month is not null as in_whole_month,
        months.call_days / months.months as call_days,
        calls.handling_seconds * months.handling_days / nullif(months.handling_months, 0) as handling_days,
        calls.handling_seconds / nullif(months.handling_months, 0) as month_handling_seconds,
        calls.unit_seconds / nullif(months.unit_months, 0) as month_unit_seconds
    from window_calls as calls
    left join window_months as months
        on
            calls.window_name = months.window_name
            and cast(date_trunc('month', calls.local_date) as date) = months.month
    where calls.is_misuse
),

counted as (
    select
        'caller' as counted_by, coalesce(caller_id, cast(call_key as varchar)) as unit_id,
        coalesce(identity_kind = 'person', false) as can_persist, *
    from misuse
    union all
    -- As if nobody had linked numbers or told holders of one apart. A shared line is nobody here either, and its
    -- calls are a unit of their own, since others of that number may be a person's.
    select
        'number' as counted_by,
        case
            when identity_kind = 'person' then line_id else coalesce(caller_id, cast(call_key as varchar))
        end as unit_id,
        coalesce(identity_kind = 'person', false) as can_persist, *
    from misuse
),

final as (
    select
        window_name, counted_by, unit_id,
        bool_or(caller_id is not null) as is_identified,
        bool_or(can_persist) as can_persist,
        count(*) as misuse_calls,
        coalesce(sum(handling_seconds), 0) as handling_seconds,
        coalesce(sum(unit_seconds), 0) as unit_seconds,
        coalesce(sum(cast(call_days as decimal(28, 18))), 0) as days_work,
        coalesce(sum(cast(handling_days as decimal(28, 18))), 0) as days_work_handling,
        coalesce(sum(cast(month_handling_seconds as decimal(28, 12))), 0) as month_handling_seconds,
        coalesce(sum(cast(month_unit_seconds as decimal(28, 12))), 0) as month_unit_seconds
    from counted
    group by window_name, counted_by, unit_id
)

select * from final
