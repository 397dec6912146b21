-- One row per call: what stands on it in the version that the published run counted, for an earlier one, or one that
-- came in since, may be of somebody else. Key: call_key. Params: $call_keys; $batches: those that the published run
-- knew of, oldest first. versions: how many the vault holds. Reads the vault: by role, with a reason, recorded.
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

select * exclude (is_superseded, batch_number)
from details
where batch_number is not null
-- A later run that failed may have noted that the version of this one was superseded, too.
qualify row_number() over (partition by call_key order by is_superseded, batch_number desc, content_digest) = 1
