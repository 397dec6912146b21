-- One row per call of a caller in the headline window, misuse or not and on every channel: what a schedule says of it.
-- Key: call_key. Param: $caller_id. No score of any model is among it.
select
    calls.call_key::varchar as call_key, calls.received_local, calls.channel, calls.opening_code, calls.closing_code,
    calls.qualifiers, calls.result_code, calls.grade, calls.borough, calls.handling_seconds, calls.units_assigned,
    calls.unit_seconds, calls.is_coded_misuse, calls.is_stopped, calls.is_doubtful, calls.doubt_kind, calls.is_misuse,
    calls.spell_id, calls.source
from calls
cross join windows
where
    calls.caller_id = $caller_id
    and windows.window_name = 'headline'
    and calls.received_at >= windows.window_from and calls.received_at < windows.window_to
order by calls.received_at, calls.call_key
