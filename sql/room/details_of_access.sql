-- One row per call: what else stands on it than who made it, for the person whom it is about. Key: call_key. No params.
-- Call-takers' words may name others: whoever gives them reads them first.
select call_key::varchar as call_key, call_id, incident_ref, incident_location, markers, remarks, free_text_codes
from counted_details
order by call_key
