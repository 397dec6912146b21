-- One row per number that was ever taken in: its token. Key: token. Param: $e164s. Reads the vault: by role, with a
-- reason, recorded.
select e164, replace(number_token::varchar, '-', '') as token
from vault.numbers
where list_contains($e164s, e164)
order by e164
