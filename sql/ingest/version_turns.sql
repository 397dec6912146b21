-- One row per held version of a contested call, with the latest turn of the layouts that read it so; null where only
-- a batch that goes out did. Key: call_key, content_digest.
-- Every sighting counts and not the bearer's alone: which batch bears a row hangs on which came first.
with

held as (
    select call_key, content_digest, version_rank, batch_id, true as is_current
    from call_records
    where call_key in (select call_key from contested_keys)

    union all

    select call_key, content_digest, version_rank, batch_id, false as is_current
    from superseded_call_records
    where call_key in (select call_key from contested_keys)
),

sightings as (
    select call_key, content_digest, batch_id from held

    union all

    select call_key, content_digest, batch_id
    from duplicate_sightings
    where call_key in (select call_key from contested_keys)
),

turns as (
    select sightings.call_key, sightings.content_digest, max(live_turns.layout_turn) as layout_turn
    from sightings
    inner join live_turns on sightings.batch_id = live_turns.batch_id
    group by sightings.call_key, sightings.content_digest
)

select held.call_key, held.content_digest, held.version_rank, held.is_current, turns.layout_turn
from held
left join turns on held.call_key = turns.call_key and held.content_digest = turns.content_digest
