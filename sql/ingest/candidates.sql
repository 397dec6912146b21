-- One row per version of a repeated call, arriving or held. Key: origin, row_number, call_key.
-- Params: $replaced, a batch that goes out as this file comes in ('' for none): what it alone bears is not held.
with

held as (
    select 'current' as origin, batch_id, row_number, call_key, content_digest, version_rank, received_at
    from call_records
    where call_key in (select call_key from repeated_keys)

    union all

    select 'superseded' as origin, batch_id, row_number, call_key, content_digest, version_rank, received_at
    from superseded_call_records
    where call_key in (select call_key from repeated_keys)
)

select 'arrival' as origin, row_number, call_key, content_digest, version_rank, received_at
from parsed_rows
where call_key in (select call_key from repeated_keys)

union all

select origin, row_number, call_key, content_digest, version_rank, received_at
from held
where
    batch_id <> $replaced
    or (call_key, content_digest) in (select (call_key, content_digest) from rehomed)
