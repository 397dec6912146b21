-- One row per time that a caller held one of the numbers. Key: spell_id, not shown. Param: $tokens.
select
    caller_id, identity_kind,
    case when isfinite(spell_from) then spell_from end as held_from,
    case when isfinite(spell_to) then spell_to end as held_to,
    first_call_at, last_call_at, calls
from caller_numbers
where list_contains($tokens, token::varchar)
order by spell_from, spell_id
