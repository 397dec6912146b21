-- One row per line of some spells that has a call which the last run did not count as it is now: it came in since, was
-- corrected since, or is later than the day that the run speaks for. Who made it is not known yet. Key: token.
-- Param: $spells.
select distinct held.token::varchar as token
from (
    select call_key, batch_id, received_at, coalesce(number_token, premises_token) as token
    from call_records
) as held
anti join calls
    on held.call_key = calls.call_key and held.batch_id = calls.batch_id and held.received_at = calls.received_at
where
    held.token in (
        select caller_numbers.token from caller_numbers where list_contains($spells, caller_numbers.spell_id)
    )
