-- One row per call: its references, for a schedule, whole from one version: that which counts. Key: call_key.
-- Param: $call_keys. versions: how many the vault holds. Reads the vault: by role, with a reason, recorded.
with

details as (
    select
        held.*, superseded.call_key is not null as is_superseded, count(*) over (partition by held.call_key) as versions
    from vault.call_details as held
    left join vault.superseded_details as superseded
        on held.call_key = superseded.call_key and held.content_digest = superseded.content_digest
    where held.call_key in (select unnest($call_keys)::uuid)
)

select call_key::varchar as call_key, call_id, incident_ref, recording_ref, handler_ref, versions
from details
qualify row_number() over (partition by call_key order by is_superseded, content_digest) = 1
order by call_key
