-- One row per record that goes in as the current version of its call. Key: call_key. Columns as call_records.
select * exclude (verdict)
from landing_rows
where verdict = 'accepted'
