-- One row per caller with a call before the end of as-of, all channels together: what is counted of the calls alone.
-- Key: caller_id. No params. The home borough is that of most calls; of boroughs with equally many, the first by name.
with

-- Rank by name from the last, so that the greatest of calls and rank together is the home.
boroughs as (
    select borough, row_number() over (order by borough desc) as borough_rank
    from (select distinct borough from calls where borough is not null) as named
),

borough_tallies as (
    select
        caller_id,
        borough,
        min(received_at) as first_call_at,
        max(received_at) as last_call_at,
        count(*) as calls,
        count(*) filter (where is_coded_misuse) as coded_misuse_calls,
        count(*) filter (where is_coded_misuse and is_stopped) as stopped_calls,
        count(*) filter (where is_doubtful) as doubtful_calls,
        count(*) filter (where is_misuse) as misuse_calls
    from calls
    where caller_id is not null
    group by caller_id, borough
),

tallies as (
    select
        tallies.caller_id,
        min(tallies.first_call_at) as first_call_at,
        max(tallies.last_call_at) as last_call_at,
        cast(sum(tallies.calls) as bigint) as calls,
        cast(sum(tallies.coded_misuse_calls) as bigint) as coded_misuse_calls,
        cast(sum(tallies.stopped_calls) as bigint) as stopped_calls,
        cast(sum(tallies.doubtful_calls) as bigint) as doubtful_calls,
        cast(sum(tallies.misuse_calls) as bigint) as misuse_calls,
        max(tallies.calls * 1000000 + boroughs.borough_rank) % 1000000 as home_rank
    from borough_tallies as tallies
    left join boroughs on tallies.borough = boroughs.borough
    group by tallies.caller_id
),

final as (
    select tallies.* exclude (home_rank), boroughs.borough as home_borough
    from tallies
    left join boroughs on tallies.home_rank = boroughs.borough_rank
)

select * from final
