-- One row: the caller, with what the headline window holds of them. Param: $caller_id.
-- A caller with nothing coded misuse in the window has null sums.
select
    callers.caller_id,
    coalesce(
        (select max(tasking_list.case_ref) from tasking_list where tasking_list.caller_id = callers.caller_id),
        (select max(cases.case_ref) from cases where cases.caller_id = callers.caller_id),
        -- That of a caller without a case, unless it is the reference of another's.
        case
            when not exists (select 1 from cases where cases.case_ref = 'K-' || upper(substr(callers.caller_id, 2, 10)))
                then 'K-' || upper(substr(callers.caller_id, 2, 10))
        end,
        'K-' || upper(left(sha256(callers.caller_id || '#2'), 10))
    ) as case_ref,
    (
        select list(changes.caller_id order by changes.caller_id)
        from caller_changes as changes
        where changes.other_caller_id = callers.caller_id and changes.change = 'passed'
    ) as id_was_of,
    callers.identity_kind,
    callers.identity_basis,
    callers.number_count,
    callers.calls,
    callers.genuine_calls,
    callers.is_stopped,
    callers.support_first,
    callers.home_borough,
    headline.coded_misuse_calls,
    headline.stopped_calls,
    headline.doubtful_calls,
    headline.misuse_calls,
    headline.episodes,
    headline.tenth_misuse_at
from callers
left join caller_windows as headline
    on callers.caller_id = headline.caller_id and headline.window_name = 'headline'
where callers.caller_id = $caller_id
