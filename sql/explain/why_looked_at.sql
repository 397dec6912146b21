-- One row, or none: the caller's place on the look list. Param: $caller_id.
select look_reasons, is_stopped, support_first, is_urgent, is_new, duty_role, acknowledged_at
from look_list
where caller_id = $caller_id
