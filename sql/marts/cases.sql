-- One row per case in the casebook. Key: case_ref.
select case_ref, caller_id, opened_at, status, lane, owner, review_date, moves
from casebook_cases
