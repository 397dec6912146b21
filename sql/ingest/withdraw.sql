-- A batch goes out: rows that another live batch also bears pass to it, the rest leave, and of what is
-- left of each call touched the best version is current again.
update call_records set batch_id = rehomed.batch_id, row_number = rehomed.row_number
from rehomed
where
    call_records.call_key = rehomed.call_key
    and call_records.content_digest = rehomed.content_digest
    and call_records.batch_id = $batch_id;

update superseded_call_records set batch_id = rehomed.batch_id, row_number = rehomed.row_number
from rehomed
where
    superseded_call_records.call_key = rehomed.call_key
    and superseded_call_records.content_digest = rehomed.content_digest
    and superseded_call_records.batch_id = $batch_id;

delete from duplicate_sightings
where
    batch_id = $batch_id
    -- A batch may have seen the row twice: the second sighting stays a duplicate of the first.
    or (call_key, content_digest, batch_id, row_number) in (
        select (call_key, content_digest, batch_id, row_number) from rehomed
    );

create or replace temp table orphaned as
select call_key from call_records where batch_id = $batch_id;

delete from call_records where batch_id = $batch_id;
delete from superseded_call_records where batch_id = $batch_id;

create or replace temp table restored as
select *
from superseded_call_records
where call_key in (select call_key from orphaned)
qualify row_number() over (
        partition by call_key
        order by version_rank desc nulls last, content_digest desc
    ) = 1;

insert into call_records select * from restored;

delete from superseded_call_records
where (call_key, content_digest) in (select (call_key, content_digest) from restored);

update batch_ledger set withdrawn_at = $now, withdrawn_by = $actor, withdrawal_reason = $reason
where batch_id = $batch_id;
