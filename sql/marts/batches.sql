-- One row per file taken in. Key: batch_id. The published face of the batch ledger: no file names.
select
    batch_id,
    source,
    rows_read,
    accepted,
    rejected,
    duplicate,
    superseded,
    first_received_at,
    last_received_at,
    ingested_at,
    withdrawn_at is not null as is_withdrawn
from batch_ledger
