-- One row per caller with a case: where through linkage there are several the newest of those open, or of all.
-- Key: caller_id. No params. An open case is a promise, and a newer one that was closed does not keep it.
with

closures as (
    select case_ref, max(moved_at) as closed_at
    from casebook_moves
    where to_status = 'closed'
    group by case_ref
),

final as (
    select
        case_callers.caller_id, cases.case_ref, cases.opened_at, cases.status, cases.lane as case_lane, cases.owner,
        cases.review_date, cases.moves, closures.closed_at,
        cases.status in ('proposed', 'under_action', 'under_review', 'halted') as is_open,
        case_callers.is_changed
    from casebook_cases as cases
    inner join case_callers on cases.case_ref = case_callers.case_ref
    left join closures on cases.case_ref = closures.case_ref
    qualify
        row_number() over (
            partition by case_callers.caller_id order by is_open desc, cases.opened_at desc, cases.case_ref desc
        ) = 1
)

select * from final
