-- Every figure of the run, as published. Key: estimate, window_name, counted_by.
select * exclude (run_id, as_of)
from estimates
order by window_name, counted_by, estimate
