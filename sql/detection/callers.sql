-- One row per caller with a call before the end of as-of, all channels together. Key: caller_id. No params.
-- A caller is stopped by a caller-scope stop only; support comes first where any call shows a vulnerability.
with

stopped_callers as (
    select distinct caller_id from caller_stops where is_stop
),

vulnerable_callers as (
    select caller_id from caller_stops where support_first
    union
    select caller_id from call_hits where support_first
),

final as (
    select
        tallies.caller_id, identities.identity_kind, identities.identity_basis,
        identities.number_count, identities.number_kinds,
        tallies.first_call_at, tallies.last_call_at, tallies.calls, tallies.coded_misuse_calls,
        tallies.stopped_calls, tallies.doubtful_calls, tallies.misuse_calls,
        tallies.calls - tallies.coded_misuse_calls as genuine_calls,
        stopped_callers.caller_id is not null as is_stopped,
        vulnerable_callers.caller_id is not null as support_first,
        tallies.home_borough,
        case when tallies.home_borough is not null then 'most_calls' end as home_borough_basis
    from caller_tallies as tallies
    inner join caller_identities as identities on tallies.caller_id = identities.caller_id
    left join stopped_callers on tallies.caller_id = stopped_callers.caller_id
    left join vulnerable_callers on tallies.caller_id = vulnerable_callers.caller_id
)

select * from final
