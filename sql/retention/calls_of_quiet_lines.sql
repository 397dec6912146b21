-- One row per call of a quiet number. Key: call_key. No params; reads the table that quiet_lines makes.
select call_key
from call_records
where coalesce(number_token, premises_token) in (select quiet_lines.token from quiet_lines)
