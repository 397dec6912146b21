-- One row per window that holds a coded misuse call of the caller. Key: window_name. Param: $caller_id.
select window_name, coded_misuse_calls, stopped_calls, doubtful_calls, misuse_calls, episodes
from caller_windows
where caller_id = $caller_id
order by window_from, window_name
