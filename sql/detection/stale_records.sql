-- One row per call that is stale and in before the end of as-of, as call_records has it. Key: call_key. Param: $end_at.
-- It stands in for call_records, so that detection/calls makes the rows of these calls and no others.
select *
from main.call_records
where call_key in (select call_key from stale_calls) and received_at < cast($end_at as timestamp)
