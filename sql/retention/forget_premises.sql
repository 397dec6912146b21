-- Premises of which no call is left go from the vault. Param: $token.
delete from vault.premises
where
    premises_token = $token::uuid
    and not exists (select 1 from call_records where call_records.premises_token = $token::uuid)
