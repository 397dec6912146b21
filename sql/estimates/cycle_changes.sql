-- Rows of estimates: who came over the threshold and who left it within a cycle, by today's rules and identities. One
-- row per way. Key: estimate. Params: $run_id, $as_of, $cycle_days, $window_days, $headline_channel.
-- It hangs on calls alone, not on which runs there were, as list_differences does.
with

earlier as (
    select calls.caller_id
    from calls
    cross join windows
    where
        windows.window_name = 'headline' and calls.is_misuse and calls.identity_kind = 'person'
        and calls.channel = cast($headline_channel as varchar)
        and calls.local_date > cast($as_of as date) - cast($cycle_days as integer) - cast($window_days as integer)
        and calls.local_date <= cast($as_of as date) - cast($cycle_days as integer)
    group by calls.caller_id
    having count(*) >= min(windows.threshold)
),

span as (
    select coalesce(min(local_date) <= cast($as_of as date) - cast($cycle_days as integer), false) as is_covered
    from calls
    where channel = cast($headline_channel as varchar)
),

ways (estimate, point, meaning) as (
    select 'callers_entered_cycle', count(*), 'persons over the threshold now who were not'
    from persistent_callers
    where caller_id not in (select caller_id from earlier)
    union all
    select 'callers_left_cycle', count(*), 'persons over the threshold then who are not now'
    from earlier
    where caller_id not in (select caller_id from persistent_callers)
),

final as (
    select
        cast($run_id as varchar) as run_id, cast($as_of as date) as as_of, ways.estimate, 'headline' as window_name,
        'caller' as counted_by, 'callers' as unit,
        case when span.is_covered then cast(ways.point as double) end as point, cast(null as double) as low,
        cast(null as double) as high, cast(null as double) as bound_low, cast(null as double) as bound_high,
        cast(null as double) as numerator, cast(null as double) as denominator,
        case when span.is_covered then '' else 'not reckoned, the log does not reach back so far: ' end
        || ways.meaning || ', counted over the same window ' || cast($cycle_days as integer)
        || ' days earlier by today''s rules and identities' as method
    from ways
    cross join span
)

select * from final
