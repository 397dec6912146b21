-- The batch becomes part of the warehouse, or no part of it does.
-- A held version is named by call and content: a withdrawal just before may have made it current.
create or replace temp table displaced as
select call_records.*
from call_records
inner join verdicts
    on
        call_records.call_key = verdicts.call_key
        and call_records.content_digest = verdicts.content_digest
        and verdicts.origin <> 'arrival'
        and verdicts.verdict = 'superseded';

insert into superseded_call_records select * from displaced;

delete from call_records
where (call_key, content_digest) in (select (call_key, content_digest) from displaced);

insert into call_records by name select * from landing_calls;

insert into superseded_call_records by name select * from landing_superseded;

insert into duplicate_sightings by name
select call_key, content_digest, $batch_id as batch_id, row_number
from verdicts
where origin = 'arrival' and verdict = 'duplicate';
