-- One row per record whose details the vault is to keep, where the file replaces a batch. Key: row_number.
-- It takes arriving_details' place: what the batch that goes out bears is here already, and passes on by the sweep.
select *
from judged_arrivals
where
    verdict <> 'duplicate'
    and not exists (
        select 1
        from vault.call_details as earlier
        where
            earlier.batch_id in (select batch_id from replaced_batch)
            and earlier.call_key = judged_arrivals.call_key
            and earlier.content_digest = judged_arrivals.content_digest
    )
