-- One row per number-holding spell of a caller, or the one spell asked for. Key: spell_id.
-- Params: $caller_id, $spell_id.
select spell_id, caller_id, identity_kind
from caller_spells
where caller_id = $caller_id or spell_id = $spell_id
order by spell_id
