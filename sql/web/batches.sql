-- One row per file taken in, newest first. Key: batch_id.
select * from batches
order by ingested_at desc, batch_id
limit 60
