-- What the vault holds of records that no spell bears any more goes, with all that was reckoned of them.
create or replace temp table gone_records as
select record_key
from vault.identity_records
where record_key not in (select record_key from spell_records where record_key is not null);

delete from vault.identity_pairs
where record_a in (select record_key from gone_records) or record_b in (select record_key from gone_records);

delete from vault.identity_turns
where record_a in (select record_key from gone_records) or record_b in (select record_key from gone_records);

delete from vault.identity_features where record_key in (select record_key from gone_records);

delete from vault.identity_scored where record_key in (select record_key from gone_records);

delete from vault.identity_records where record_key in (select record_key from gone_records);

drop table temp.gone_records;
