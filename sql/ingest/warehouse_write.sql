-- The batch becomes part of the warehouse, or no part of it does.
insert into superseded_call_records
select * from call_records
where call_key in (select call_key from verdicts where origin = 'current' and verdict = 'superseded');

delete from call_records
where call_key in (select call_key from verdicts where origin = 'current' and verdict = 'superseded');

insert into call_records by name select * from landing_calls;

insert into superseded_call_records by name select * from landing_superseded;

insert into duplicate_sightings by name
select call_key, content_digest, $batch_id as batch_id, row_number
from verdicts
where origin = 'arrival' and verdict = 'duplicate';
