-- One row per number behind a caller, as the last run left it. Key: token. Param: $caller_id.
select distinct token::varchar as token
from caller_numbers
where caller_id = $caller_id and number_kind is not null
order by token
