-- One row per number-holding spell asked for: the line's pseudonym and the bounds within which it was that holder's.
-- Key: spell_id. Param: $spells. A bound that has no end is null.
select
    spell_id, token::varchar as token, is_premises,
    case when isfinite(spell_from) then spell_from end as held_from,
    case when isfinite(spell_to) then spell_to end as held_to,
    first_call_at, last_call_at
from caller_numbers
where list_contains($spells, spell_id)
order by spell_id
