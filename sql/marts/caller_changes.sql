-- One row per change of who a caller is. Key: caller_id, other_caller_id, change, run_id. Params: $run_id.
-- Numbers are not linked yet, so no caller has ever been merged or split.
select
    caller_id,
    caller_id as other_caller_id,
    'alias' as change,
    $run_id as run_id
from caller_links
where false
