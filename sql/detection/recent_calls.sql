-- One row per caller with a call in the 60 days to as-of. Key: caller_id. No params.
-- Where the log doesn't cover the earlier 30 days, nothing is compared: the prior counts are null, not nought.
with

span as (
    select
        max(last_date) as last_date,
        max(first_date) filter (where window_name = 'since_log_start')
        <= max(last_date) - cast(59 as integer) as is_comparable
    from windows
),

tallies as (
    select
        calls.caller_id,
        count(*) filter (where calls.local_date > span.last_date - 30) as calls_d30,
        count(*) filter (where calls.local_date <= span.last_date - 30) as calls_prior_d30,
        count(*) filter (where calls.local_date > span.last_date - 30 and not calls.is_coded_misuse) as genuine_d30,
        count(*) filter (
            where calls.local_date <= span.last_date - 30 and not calls.is_coded_misuse
        ) as genuine_prior_d30
    from calls
    cross join span
    where calls.caller_id is not null and calls.local_date > span.last_date - 60
    group by calls.caller_id
),

final as (
    select
        tallies.caller_id, tallies.calls_d30,
        case when span.is_comparable then tallies.calls_prior_d30 end as calls_prior_d30,
        tallies.genuine_d30,
        case when span.is_comparable then tallies.genuine_prior_d30 end as genuine_prior_d30,
        span.is_comparable
    from tallies
    cross join span
)

select * from final
