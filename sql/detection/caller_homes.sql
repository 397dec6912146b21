-- One row per caller with a call that has a borough: the borough of most of the caller's calls. Key: caller_id.
-- No params. Of boroughs with equally many calls, the first by name. Only callers seen in several need counting.
with

spans as (
    select caller_id, min(borough) as first_borough, max(borough) as last_borough
    from calls
    where caller_id is not null and borough is not null
    group by caller_id
),

borough_tallies as (
    select calls.caller_id, calls.borough, count(*) as calls
    from calls
    inner join spans on calls.caller_id = spans.caller_id
    where calls.borough is not null and spans.first_borough <> spans.last_borough
    group by calls.caller_id, calls.borough
),

most_calls as (
    select caller_id, max(calls) as calls
    from borough_tallies
    group by caller_id
),

final as (
    select caller_id, first_borough as home_borough
    from spans
    where first_borough = last_borough
    union all
    select borough_tallies.caller_id, min(borough_tallies.borough) as home_borough
    from borough_tallies
    inner join most_calls
        on borough_tallies.caller_id = most_calls.caller_id and borough_tallies.calls = most_calls.calls
    group by borough_tallies.caller_id
)

select * from final
