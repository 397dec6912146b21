-- One row, or none: the caller's place on the tasking list. Param: $caller_id.
select rank, part, lane, status, owner, review_date, flags, reasons, doubts
from tasking_list
where caller_id = $caller_id
