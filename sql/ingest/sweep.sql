-- Vault rows of batches that never became part of the warehouse, or were withdrawn, go.
delete from vault.call_details
where batch_id not in (select batch_id from batch_ledger where withdrawn_at is null);

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
