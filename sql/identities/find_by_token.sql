-- One row per caller behind any of the tokens. Key: caller_id. Params: $tokens.
select
    caller_numbers.caller_id,
    any_value(caller_numbers.identity_kind) as identity_kind,
    count(*) as calls
from caller_numbers
inner join call_records on caller_numbers.token = coalesce(call_records.number_token, call_records.premises_token)
where list_contains($tokens, caller_numbers.token::varchar)
group by caller_numbers.caller_id
order by caller_numbers.caller_id
