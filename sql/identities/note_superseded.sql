-- The vault learns which versions of calls count for nothing any more. No params.
delete from vault.superseded_details;

insert into vault.superseded_details
select distinct call_key, content_digest
from superseded_call_records
where (call_key, content_digest) not in (select (call_key, content_digest) from call_records);
