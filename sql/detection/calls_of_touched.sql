-- One row per call of a caller whose calls are not those that were counted. Key: call_key. No params.
-- It stands in for calls, so that detection/caller_tallies counts these callers and no others.
select call_key, caller_id, borough, received_at, is_coded_misuse, is_stopped, is_doubtful, is_misuse
from main.calls
where caller_id in (select caller_id from touched_callers)
