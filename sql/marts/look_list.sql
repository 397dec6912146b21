-- One row per caller who needs a human's look whatever the counts say; never cut. Key: caller_id. Params: $run_id,
-- $as_of, $threshold, $duty_role, $cycle_days. sharp_change: 30 days' calls are at least 10 and three times those of
-- the 30 before; or, with threshold coded misuse calls, genuine ones at least 3 and three times: danger in one known
-- for misuse. linked_stop: every stop came from elsewhere. A hard stop lists a caller with any coded misuse call, or
-- whom a person stopped: there it bars something; one with a case not closed, who leaves the tasking list by it; and
-- one who calls threshold times in the headline window. case_on_a_line: of a case not closed the number turned out to
-- be a line of many people, whom no tasking list names. New: first hit in the last cycle's days, or no look saw it.
with

-- Local days: over a clock change a cycle is no multiple of 24 hours.
cycle as (
    select timezone('UTC', timezone(max(reporting_zone), cast(max(last_date) - $cycle_days + 1 as timestamp))) as begins
    from windows
),

live_cases as (
    select distinct case_callers.caller_id
    from casebook_cases
    inner join case_callers on casebook_cases.case_ref = case_callers.case_ref
    where casebook_cases.status <> 'closed'
),

facts as (
    select
        callers.caller_id, callers.identity_kind, callers.support_first, callers.last_call_at,
        cases.case_ref, refs.second_ref,
        coalesce(headline.coded_misuse_calls, 0) as coded_misuse_calls,
        coalesce(headline.stopped_calls, 0) as stopped_calls, coalesce(headline.doubtful_calls, 0) as doubtful_calls,
        coalesce(headline.misuse_calls, 0) as misuse_calls, coalesce(recent.calls_d30, 0) as calls_d30,
        if(recent.caller_id is null, spans.no_calls, recent.calls_prior_d30) as calls_prior_d30,
        recent.compared_d30, recent.compared_prior_d30, recent.genuine_d30, recent.genuine_prior_d30,
        live_cases.caller_id is not null and callers.identity_kind <> 'person' as is_case_on_a_line,
        flags.caller_id is not null as is_stopped,
        flags.caller_id is not null
        and (
            callers.coded_misuse_calls > 0
            or flags.is_by_person
            or live_cases.caller_id is not null
            or coalesce(contacts.calls, 0) >= cast($threshold as integer)
        ) as is_stop_listed,
        coalesce(flags.newest_stop_at >= (select begins from cycle), false)
        or coalesce(unseen.has_new_rule, false) as is_newly_stopped,
        flags.duty_role, flags.is_from_elsewhere, flags.has_new_content, seen.acknowledged_at,
        unseen.last_urgent_stop_at, coalesce(unseen.urgent_stops, 0) as urgent_stops,
        coalesce(unseen.urgent_stops_unseen, 0) as urgent_stops_unseen, coalesce(unseen.is_urgent, false) as is_urgent,
        coalesce(unseen.stop_ids, cast([] as varchar[])) as stop_ids
    from callers
    left join caller_windows as headline
        on callers.caller_id = headline.caller_id and headline.window_name = 'headline'
    left join recent_calls as recent on callers.caller_id = recent.caller_id
    left join caller_flags as flags on callers.caller_id = flags.caller_id
    left join live_cases on callers.caller_id = live_cases.caller_id
    left join stopped_contacts as contacts on callers.caller_id = contacts.caller_id
    left join caller_cases as cases on callers.caller_id = cases.caller_id
    left join second_references as refs on callers.caller_id = refs.caller_id
    left join caller_looks as seen on callers.caller_id = seen.caller_id
    left join unseen_stops as unseen on callers.caller_id = unseen.caller_id
    cross join (select case when bool_or(is_comparable) then 0 end as no_calls from recent_calls) as spans
    where
        headline.coded_misuse_calls >= cast($threshold as integer)
        or flags.caller_id is not null or recent.calls_d30 >= 10
        or live_cases.caller_id is not null and callers.identity_kind <> 'person'
),

reasoned as (
    select
        *,
        list_filter([
            case when coded_misuse_calls >= cast($threshold as integer) then 'ten_or_more_coded' end,
            case when is_stop_listed then 'hard_stop' end,
            case when is_stop_listed and is_newly_stopped then 'new_hard_stop' end,
            case when is_stop_listed and is_from_elsewhere then 'linked_stop' end,
            case when is_stop_listed and has_new_content then 'new_content' end,
            case
                when compared_d30 >= 10 and compared_d30 >= 3 * compared_prior_d30 then 'sharp_change'
                when
                    coded_misuse_calls >= cast($threshold as integer)
                    and genuine_d30 >= 3 and genuine_d30 >= 3 * genuine_prior_d30
                    then 'sharp_change'
            end,
            case when is_case_on_a_line then 'case_on_a_line' end
        ], reason -> reason is not null) as look_reasons
    from facts
),

final as (
    select
        cast($run_id as varchar) as run_id, cast($as_of as date) as as_of,
        coalesce(case_ref, second_ref, 'K-' || upper(substr(caller_id, 2, 10))) as case_ref,
        caller_id, identity_kind, look_reasons,
        coded_misuse_calls, stopped_calls, doubtful_calls, misuse_calls, calls_d30, calls_prior_d30,
        is_stopped, support_first, is_urgent,
        list_has_any(look_reasons, ['new_hard_stop', 'sharp_change']) as is_new,
        coalesce(duty_role, cast($duty_role as varchar)) as duty_role,
        acknowledged_at, last_call_at, urgent_stops, urgent_stops_unseen, last_urgent_stop_at, stop_ids
    from reasoned
    where len(look_reasons) > 0
)

select * from final
