-- One row per registered line that has called: its caller in the published copy and how often it called. Key: spell_id.
-- Param: $spells, the first spell of each registered number.
select spell_id, caller_id, calls, last_call_at
from caller_spells
where list_contains($spells, spell_id)
order by spell_id
