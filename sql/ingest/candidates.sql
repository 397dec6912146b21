-- One row per version of a repeated call, arriving or held. Key: origin, row_number, call_key.
select 'arrival' as origin, row_number, call_key, content_digest, version_rank, received_at
from arrivals
where call_key in (select call_key from repeated_keys)

union all

select 'current' as origin, row_number, call_key, content_digest, version_rank, received_at
from call_records
where call_key in (select call_key from repeated_keys)

union all

select 'superseded' as origin, row_number, call_key, content_digest, version_rank, received_at
from superseded_call_records
where call_key in (select call_key from repeated_keys)
