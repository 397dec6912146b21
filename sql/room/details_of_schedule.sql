-- One row per call: its references, for a schedule, whole from one version: that which the published run counted.
-- Key: call_key. Params: $call_keys; $batches: those that the published run knew of, oldest first. versions: how
-- many the vault holds. Reads the vault: by role, with a reason, recorded.
with

details as (
    select
        held.*, superseded.call_key is not null as is_superseded,
        list_position($batches, held.batch_id) as batch_number,
        count(*) over (partition by held.call_key) as versions
    from vault.call_details as held
    left join vault.superseded_details as superseded
        on held.call_key = superseded.call_key and held.content_digest = superseded.content_digest
    where held.call_key in (select unnest($call_keys)::uuid)
)

select call_key::varchar as call_key, call_id, incident_ref, recording_ref, handler_ref, versions
from details
where batch_number is not null
qualify row_number() over (partition by call_key order by is_superseded, batch_number desc, content_digest) = 1
order by call_key
