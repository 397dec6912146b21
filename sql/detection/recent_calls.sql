-- One row per caller with a call in the 60 days to as-of. Key: caller_id. No params.
-- Where the log doesn't cover the earlier 30 days, nothing is compared: the prior counts are null, not nought. Compared
-- are calls of those channels alone that were there 60 days ago: a 101 log that began since would make a change of
-- pattern of everybody. Where a caller's calls are of such a one too, the prior count is not told.
with

span as (
    select
        max(last_date) as last_date,
        max(first_date) filter (where window_name = 'since_log_start')
        <= max(last_date) - cast(59 as integer) as is_comparable
    from windows
),

channels as (
    select channel, min(local_date) as first_date
    from calls
    group by channel
),

recent as (
    select
        calls.caller_id, calls.is_coded_misuse, calls.local_date > span.last_date - 30 as is_late,
        channels.first_date <= span.last_date - 59 as is_compared
    from calls
    cross join span
    inner join channels on calls.channel is not distinct from channels.channel
    where calls.caller_id is not null and calls.local_date > span.last_date - 60
),

tallies as (
    select
        caller_id,
        count(*) filter (where is_late) as calls_d30,
        count(*) filter (where is_late and is_compared) as compared_d30,
        count(*) filter (where not is_late and is_compared) as compared_prior_d30,
        count(*) filter (where is_late and is_compared and not is_coded_misuse) as genuine_d30,
        count(*) filter (where not is_late and is_compared and not is_coded_misuse) as genuine_prior_d30,
        bool_and(is_compared) as is_whole
    from recent
    group by caller_id
),

final as (
    select
        tallies.caller_id, tallies.calls_d30,
        case when span.is_comparable and tallies.is_whole then tallies.compared_prior_d30 end as calls_prior_d30,
        case when span.is_comparable then tallies.compared_d30 end as compared_d30,
        case when span.is_comparable then tallies.compared_prior_d30 end as compared_prior_d30,
        tallies.genuine_d30,
        case when span.is_comparable then tallies.genuine_prior_d30 end as genuine_prior_d30,
        span.is_comparable
    from tallies
    cross join span
)

select * from final
