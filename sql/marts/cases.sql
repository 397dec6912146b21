-- One row per case in the casebook, with the caller it is about now. Key: case_ref. No params.
select
    cases.case_ref, case_callers.caller_id, cases.opened_at, cases.status, cases.lane, cases.owner, cases.review_date,
    cases.moves
from casebook_cases as cases
inner join case_callers on cases.case_ref = case_callers.case_ref
