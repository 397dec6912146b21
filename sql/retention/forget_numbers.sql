-- A number or premises of which no call is left goes from the vault. Param: $token.
delete from vault.numbers
where
    number_token = $token::uuid
    and not exists (select 1 from call_records where call_records.number_token = $token::uuid)
