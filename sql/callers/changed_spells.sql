-- One row per number-holding spell whose calls are not those that its record was made from. Key: spell_id. No params.
-- A fingerprint stands for a spell and its calls.
select
    number_spells.spell_id, number_spells.token, number_spells.spell_number, number_spells.spell_from,
    number_spells.spell_to, number_spells.calls, number_spells.fingerprint
from number_spells
left join spell_records as held
    on number_spells.fingerprint = held.fingerprint and number_spells.calls = held.calls
where held.spell_id is null and not number_spells.is_premises
