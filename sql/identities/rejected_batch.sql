-- One row: a batch that is in, and how many of its rejected rows are still kept. Param: $batch_id.
select
    batch_id, source, file_name, rejected,
    (select count(*) from vault.rejected_rows where batch_id = $batch_id) as kept
from batch_ledger
where batch_id = $batch_id and withdrawn_at is null
