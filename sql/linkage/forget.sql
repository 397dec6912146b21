-- Forget what was compared of records that are no longer there. Params: $digest.
delete from vault.identity_pairs
where record_a not in (select record_key from vault.identity_records)
    or record_b not in (select record_key from vault.identity_records);

delete from vault.identity_turns
where record_a not in (select record_key from vault.identity_records)
    or record_b not in (select record_key from vault.identity_records);

delete from vault.identity_features
where record_key not in (select record_key from vault.identity_records);

delete from vault.identity_scored
where record_key not in (select record_key from vault.identity_records)
