-- One row per call that the file holds more than once or the warehouse holds already. Key: call_key.
-- Everything else goes straight in, so that an ordinary night pays for no comparison.
select call_key
from parsed_rows
group by call_key
having count(*) > 1

union

select call_key from parsed_rows where call_key in (select call_key from call_records)

union

select call_key from parsed_rows where call_key in (select call_key from superseded_call_records)
