-- One row per version of a repeated call, arriving or held. Key: origin, row_number, call_key.
-- Params: $replaced, a batch that goes out as this file comes in ('' for none): what it alone bears is not held;
-- $layout_turn of the file's layout, which read all that is held where nothing is contested.
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

select
    'arrival' as origin,
    $batch_id as batch_id,
    row_number,
    call_key,
    content_digest,
    version_rank,
    $layout_turn as layout_turn,
    received_at
from parsed_rows
where call_key in (select call_key from repeated_keys)

union all

select
    held.origin,
    case when held.batch_id = $replaced then rehomed.batch_id else held.batch_id end as batch_id,
    held.row_number,
    held.call_key,
    held.content_digest,
    held.version_rank,
    coalesce(version_turns.layout_turn, $layout_turn) as layout_turn,
    held.received_at
from held
left join version_turns
    on held.call_key = version_turns.call_key and held.content_digest = version_turns.content_digest
left join rehomed
    on held.call_key = rehomed.call_key and held.content_digest = rehomed.content_digest
where held.batch_id <> $replaced or rehomed.batch_id is not null
