-- Vault rows of versions that are not in the warehouse go; the others name the batch that bears them now.
-- What is held is told by call and content, never by batch: a crash can leave a live call's row under a wrong one.
delete from vault.call_details
where
    not exists (
        select 1
        from call_records
        where
            call_records.call_key = vault.call_details.call_key
            and call_records.content_digest = vault.call_details.content_digest
    )
    and not exists (
        select 1
        from superseded_call_records as superseded
        where
            superseded.call_key = vault.call_details.call_key
            and superseded.content_digest = vault.call_details.content_digest
    );

update vault.call_details set batch_id = held.batch_id
from (
    select call_key, content_digest, batch_id from call_records
    union all
    select call_key, content_digest, batch_id from superseded_call_records
) as held
where
    vault.call_details.call_key = held.call_key
    and vault.call_details.content_digest = held.content_digest
    and vault.call_details.batch_id <> held.batch_id;

delete from vault.rejected_rows
where batch_id not in (select batch_id from batch_ledger where withdrawn_at is null);

delete from vault.numbers
where
    number_token not in (select number_token from call_records where number_token is not null)
    and number_token not in (select number_token from superseded_call_records where number_token is not null);

delete from vault.premises
where
    premises_token not in (select premises_token from call_records where premises_token is not null)
    and premises_token not in (select premises_token from superseded_call_records where premises_token is not null);
