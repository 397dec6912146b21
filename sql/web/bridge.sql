-- The bridge, step by step, of each window. Key: window_name, step_number.
select * exclude (run_id, as_of)
from bridge
order by window_name, step_number
