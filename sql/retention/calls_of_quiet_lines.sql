-- One row per version of a call that is, or by an earlier version was, of a quiet number; where only an earlier version
-- was, that one. Key: call_key, content_digest. No params; reads the table that quiet_lines makes.
with

counting as (
    select call_key
    from call_records
    where coalesce(number_token, premises_token) in (select quiet_lines.token from quiet_lines)
)

select call_key, content_digest
from call_records
where call_key in (select call_key from counting)
union
select call_key, content_digest
from superseded_call_records
where
    call_key in (select call_key from counting)
    or coalesce(number_token, premises_token) in (select quiet_lines.token from quiet_lines)
