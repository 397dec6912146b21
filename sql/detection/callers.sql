-- One row per caller with a call before the end of as-of, all channels together. Key: caller_id. No params.
-- A caller is stopped by a caller-scope stop only; support comes first where any call shows a vulnerability.
with

tallies as (
    select
        caller_id,
        min(received_at) as first_call_at,
        max(received_at) as last_call_at,
        count(*) as calls,
        count(*) filter (where is_coded_misuse) as coded_misuse_calls,
        count(*) filter (where is_coded_misuse and is_stopped) as stopped_calls,
        count(*) filter (where is_doubtful) as doubtful_calls,
        count(*) filter (where is_misuse) as misuse_calls
    from calls
    where caller_id is not null
    group by caller_id
),

borough_tallies as (
    select caller_id, borough, count(*) as calls
    from calls
    where caller_id is not null and borough is not null
    group by caller_id, borough
),

most_calls as (
    select caller_id, max(calls) as calls
    from borough_tallies
    group by caller_id
),

-- Of boroughs with equally many calls, the first by name.
homes as (
    select borough_tallies.caller_id, min(borough_tallies.borough) as home_borough
    from borough_tallies
    inner join most_calls
        on borough_tallies.caller_id = most_calls.caller_id and borough_tallies.calls = most_calls.calls
    group by borough_tallies.caller_id
),

identities as (
    select
        caller_id,
        min(identity_kind) as identity_kind,
        min(identity_basis) as identity_basis,
        count(number_kind) as number_count,
        list_sort(list_distinct(list(number_kind) filter (where number_kind is not null))) as number_kinds
    from caller_numbers
    group by caller_id
),

vulnerable_callers as (
    select distinct caller_numbers.caller_id
    from call_stops
    inner join caller_numbers on call_stops.token = caller_numbers.token
    where call_stops.support_first
),

final as (
    select
        tallies.caller_id, identities.identity_kind, identities.identity_basis,
        cast(identities.number_count as integer) as number_count,
        coalesce(identities.number_kinds, cast([] as varchar[])) as number_kinds,
        tallies.first_call_at, tallies.last_call_at, tallies.calls, tallies.coded_misuse_calls,
        tallies.stopped_calls, tallies.doubtful_calls, tallies.misuse_calls,
        tallies.calls - tallies.coded_misuse_calls as genuine_calls,
        tallies.caller_id in (select caller_id from caller_stops where is_stop) as is_stopped,
        vulnerable_callers.caller_id is not null as support_first,
        homes.home_borough,
        case when homes.home_borough is not null then 'most_calls' end as home_borough_basis
    from tallies
    inner join identities on tallies.caller_id = identities.caller_id
    left join homes on tallies.caller_id = homes.caller_id
    left join vulnerable_callers on tallies.caller_id = vulnerable_callers.caller_id
)

select * from final
