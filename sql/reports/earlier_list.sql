-- One row per person who was persistent in the window that ended on $as_of, by today's rules and identities.
-- Key: caller_id. Params: $as_of, $window_days, $channel, $threshold.
-- The published copy holds no window of then: counted from its calls, in the order of persistent_callers.
with

numbered as (
    select
        caller_id,
        received_at,
        coalesce(handling_seconds, 0) + coalesce(unit_seconds, 0) as seconds,
        row_number() over (partition by caller_id order by received_at) as position
    from calls
    where
        is_misuse
        and identity_kind = 'person'
        and channel = $channel
        and local_date > $as_of::date - $window_days::integer
        and local_date <= $as_of
),

counted as (
    select
        caller_id,
        count(*) as misuse_calls,
        sum(seconds) as seconds,
        min(received_at) filter (position = $threshold) as tenth_misuse_at
    from numbered
    group by caller_id
    having count(*) >= $threshold
)

select
    caller_id,
    misuse_calls,
    row_number() over (order by misuse_calls desc, seconds desc, tenth_misuse_at, caller_id) as rank
from counted
order by rank
