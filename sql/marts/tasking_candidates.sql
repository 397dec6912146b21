-- One row per person the tasking list may name: persistent in the headline window, or with a case under action or
-- review though the count has fallen; never one with a stop on the caller. Key: caller_id. Params: $run_id, $as_of.
-- burst: half of the window's misuse calls within 7 days. one_bad_night: half within 24 hours (a night straddles
-- midnight), or no more than two episodes. quiet_30_days: no misuse call in d30.
with

headline as (
    select * from caller_windows where window_name = 'headline'
),

windowed as (
    select
        caller_id,
        max(misuse_calls) filter (where window_name = 'since_log_start') as misuse_calls_lifetime,
        max(misuse_calls) filter (where window_name = 'd365') as misuse_calls_d365,
        max(misuse_calls) filter (where window_name = 'd90') as misuse_calls_d90,
        max(misuse_calls) filter (where window_name = 'd30') as misuse_calls_d30
    from caller_windows
    group by caller_id
),

genuine as (
    select calls.caller_id, count(*) as genuine_calls
    from calls
    inner join windows on calls.received_at >= windows.window_from and calls.received_at < windows.window_to
    where windows.window_name = 'headline' and not calls.is_coded_misuse
    group by calls.caller_id
),

-- Whoever has a number that was on the last cycle's list is not new, under whichever id.
known as (
    select distinct caller_numbers.caller_id
    from (
        select unnest(case when len(spell_ids) > 0 then spell_ids else ['s' || substr(caller_id, 2)] end) as spell_id
        from last_cycle
    ) as listed
    inner join caller_numbers on listed.spell_id = caller_numbers.spell_id
),

facts as (
    select
        callers.*, headline.* exclude (caller_id, coded_misuse_calls, stopped_calls, doubtful_calls, misuse_calls),
        coalesce(headline.stopped_calls, 0) as stopped_calls_window,
        coalesce(headline.doubtful_calls, 0) as doubtful_calls_window,
        coalesce(headline.misuse_calls, 0) as misuse_calls_window,
        coalesce(windowed.misuse_calls_lifetime, 0) as misuse_calls_lifetime,
        coalesce(windowed.misuse_calls_d365, 0) as misuse_calls_d365,
        coalesce(windowed.misuse_calls_d90, 0) as misuse_calls_d90,
        coalesce(windowed.misuse_calls_d30, 0) as misuse_calls_d30,
        coalesce(genuine.genuine_calls, 0) as genuine_calls_window,
        patterns.* exclude (caller_id), cases.* exclude (caller_id), refs.second_ref,
        coalesce(confirmations.unconfirmed_links, 0) as unconfirmed_links,
        coalesce(confirmations.misuse_calls_confirmed, headline.misuse_calls, 0) as misuse_calls_confirmed,
        callers.caller_id in (select caller_id from shared_line_suggestions) as may_be_shared_line,
        coalesce(unseen.urgent_stops_unseen, 0) as urgent_stops_unseen, coalesce(faults.fault_calls, 0) as fault_calls,
        exists (select 1 from last_cycle)
        and not exists (select 1 from known where known.caller_id = callers.caller_id) as is_new
    from callers
    left join headline on callers.caller_id = headline.caller_id
    left join caller_cases as cases on callers.caller_id = cases.caller_id
    left join second_references as refs on callers.caller_id = refs.caller_id
    left join windowed on callers.caller_id = windowed.caller_id
    left join caller_patterns as patterns on callers.caller_id = patterns.caller_id
    left join genuine on callers.caller_id = genuine.caller_id
    left join caller_confirmations as confirmations on callers.caller_id = confirmations.caller_id
    left join unseen_stops as unseen on callers.caller_id = unseen.caller_id
    left join fault_calls as faults on callers.caller_id = faults.caller_id
    where callers.identity_kind = 'person' and not callers.is_stopped and (headline.is_persistent or cases.is_open)
),

final as (
    select
        cast($run_id as varchar) as run_id, cast($as_of as date) as as_of,
        coalesce(case_ref, second_ref, 'K-' || upper(substr(caller_id, 2, 10))) as case_ref, caller_id, identity_kind,
        misuse_calls_lifetime, misuse_calls_d365, misuse_calls_d90, misuse_calls_d30, misuse_calls_window,
        coalesce(episodes, 0) as episodes, coalesce(active_days, 0) as active_days, genuine_calls_window,
        stopped_calls_window, doubtful_calls_window, urgent_stops_unseen, fault_calls,
        most_calls_24_hours, most_calls_7_days, cast(null as double) as p_at_least_threshold,
        handling_seconds, unit_seconds, handling_seconds / 3600 as handling_hours, unit_seconds / 3600 as unit_hours,
        coalesce(boroughs, cast([] as varchar[])) as boroughs, number_count, support_first, unconfirmed_links,
        misuse_calls_confirmed, coalesce(is_changed, false) as is_changed,
        list_filter([
            case when urgent_stops_unseen > 0 then 'urgent_stop_unseen' end,
            case when support_first then 'support_first' end, case when fault_calls > 0 then 'handset_fault' end,
            case when most_calls_7_days * 2 >= misuse_calls_window then 'burst' end,
            case when most_calls_24_hours * 2 >= misuse_calls_window or episodes <= 2 then 'one_bad_night' end,
            case when number_count > 1 then 'several_numbers' end,
            case when may_be_shared_line then 'may_be_shared_line' end,
            case when is_new then 'new' end, case when misuse_calls_d30 = 0 then 'quiet_30_days' end
        ], flag -> flag is not null) as flags,
        is_new, opened_at, closed_at, status, case_lane, owner, review_date, moves,
        first_misuse_at, last_misuse_at, tenth_misuse_at
    from facts
)

select * from final
