-- One row per call: its references, for a schedule, whole from one version. Key: call_key. No params. versions: how
-- many the vault holds.
select call_key::varchar as call_key, call_id, incident_ref, recording_ref, handler_ref, versions
from counted_details
order by call_key
