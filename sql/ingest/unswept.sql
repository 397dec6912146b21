-- One row per batch whose vault rows have no live batch in the warehouse.
select distinct batch_id
from vault.call_details
where batch_id not in (select batch_id from batch_ledger where withdrawn_at is null)

union

select distinct batch_id
from vault.rejected_rows
where batch_id not in (select batch_id from batch_ledger where withdrawn_at is null)
