-- The first local day of the log: one row. Key: first_date.
select first_date
from windows
where window_name = 'since_log_start'
