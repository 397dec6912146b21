-- One row per file taken in, oldest first. Key: batch_id.
select
    batch_id,
    source,
    file_name,
    rows_read,
    accepted,
    rejected,
    duplicate,
    superseded,
    first_received_at,
    last_received_at,
    ingested_at,
    ingested_by,
    withdrawn_at,
    withdrawal_reason,
    case when withdrawn_at is null then 'in' else 'withdrawn' end as state
from batch_ledger
order by ingested_at, batch_id
