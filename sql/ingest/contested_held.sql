-- One row per call of the source held in several versions, where layouts may have changed places. Key: call_key.
-- Params: $source; $replaced, the batch that went out ('' for none). It is contested_keys of what is in by now.
select distinct call_key
from superseded_call_records
where
    source = $source
    and (
        select count(distinct layout_digest) > 1
        from batch_ledger
        where source = $source and (withdrawn_at is null or batch_id = $replaced)
    )
