-- One row per call asked for that the log still holds: what a person who codes it again works from. Key: call_key.
-- Param: $call_keys.
select
    cast(call_records.call_key as varchar) as call_key, call_details.call_id, call_details.incident_ref,
    call_details.recording_ref, call_details.remarks
from call_records
inner join vault.call_details as call_details
    on call_records.call_key = call_details.call_key
        and call_records.content_digest = call_details.content_digest
where call_records.call_key in (select cast(unnest($call_keys) as uuid))
order by call_records.call_key
