-- One row per call: its references, for a schedule. Key: call_key. Param: $call_keys. Of several versions the greatest.
-- Reads the vault: by role, with a reason, recorded.
select
    call_key::varchar as call_key, max(call_id) as call_id, max(incident_ref) as incident_ref,
    max(recording_ref) as recording_ref, max(handler_ref) as handler_ref, count(distinct content_digest) as versions
from vault.call_details
where call_key in (select unnest($call_keys)::uuid)
group by call_key
order by call_key
