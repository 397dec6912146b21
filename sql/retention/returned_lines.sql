-- One row per line of which a call is in: put away before, and brought back by a late file or a backup. Key: token.
-- Param: $tokens.
select distinct coalesce(number_token, premises_token)::varchar as token
from call_records
where list_contains($tokens::uuid[], coalesce(number_token, premises_token))
