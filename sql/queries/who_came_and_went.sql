-- Who came over the threshold since the run before, or left it, why, and what had been decided about them?
select
    caller_id, movement, misuse_calls_before, misuse_calls_now,
    array_to_string(reasons, ', ') as reasons, array_to_string(decisive, ', ') as decided_by,
    array_to_string(decisions, '; ') as earlier_decisions, previous_as_of
from list_differences
order by len(decisions) > 0 desc, movement, misuse_calls_now desc, caller_id
