-- One row per version that the batch bears and another live batch bears too. Key: call_key, content_digest.
-- Params: $batch_id.
with

borne as (
    select call_key, content_digest from call_records where batch_id = $batch_id
    union all
    select call_key, content_digest from superseded_call_records where batch_id = $batch_id
)

select
    duplicate_sightings.call_key,
    duplicate_sightings.content_digest,
    arg_min(duplicate_sightings.batch_id, (duplicate_sightings.batch_id, duplicate_sightings.row_number)) as batch_id,
    arg_min(duplicate_sightings.row_number, (duplicate_sightings.batch_id, duplicate_sightings.row_number))
        as row_number
from duplicate_sightings
inner join borne
    on duplicate_sightings.call_key = borne.call_key and duplicate_sightings.content_digest = borne.content_digest
where duplicate_sightings.batch_id <> $batch_id
group by duplicate_sightings.call_key, duplicate_sightings.content_digest
