-- The batch becomes part of the warehouse, or no part of it does.
-- A held version is named by call and content: a withdrawal just before may have made it current.
insert into superseded_call_records
select *
from call_records
where
    exists (
        select 1
        from verdicts
        where
            verdicts.origin <> 'arrival'
            and verdicts.verdict = 'superseded'
            and verdicts.call_key = call_records.call_key
            and verdicts.content_digest = call_records.content_digest
    );

delete from call_records
where
    exists (
        select 1
        from verdicts
        where
            verdicts.origin <> 'arrival'
            and verdicts.verdict = 'superseded'
            and verdicts.call_key = call_records.call_key
            and verdicts.content_digest = call_records.content_digest
    );

insert into call_records by name select * from landing_calls;

insert into superseded_call_records by name select * from landing_superseded;

insert into duplicate_sightings by name
select call_key, content_digest, $batch_id as batch_id, row_number
from verdicts
where origin = 'arrival' and verdict = 'duplicate';
