-- One row per number: its token, in the order given. Param: $e164s. Key: place.
select numbers.place, token_of('number', numbers.e164)::varchar as token
from (select unnest(range(len($e164s))) as place, unnest($e164s) as e164) as numbers
order by numbers.place
