-- One row per time that a caller held a number, or called as premises. Key: spell_id, not shown. Param: $caller_id.
select
    coalesce(numbers.e164, premises.premises, 'not held') as line,
    caller_numbers.is_premises,
    case when isfinite(caller_numbers.spell_from) then caller_numbers.spell_from end as held_from,
    case when isfinite(caller_numbers.spell_to) then caller_numbers.spell_to end as held_to,
    caller_numbers.first_call_at, caller_numbers.last_call_at, caller_numbers.calls
from caller_numbers
left join vault.numbers as numbers on caller_numbers.token = numbers.number_token
left join vault.premises as premises on caller_numbers.token = premises.premises_token
where caller_numbers.caller_id = $caller_id
order by caller_numbers.first_call_at, caller_numbers.spell_id
