-- One row per number whose calls are not those that number_evidence was made from. Key: token. No params.
select
    number_calls.token, number_calls.calls, number_calls.fingerprint,
    number_calls.first_call_at, number_calls.last_call_at
from number_calls
left join number_evidence as held
    on
        number_calls.token = held.token
        and number_calls.calls = held.calls
        and number_calls.fingerprint = held.fingerprint
where held.token is null and not number_calls.is_premises
