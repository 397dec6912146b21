-- One row per number-holding spell of a caller. Key: spell_id. Param: $caller_id.
-- By the caller alone: rows lie in that order, and with another way of naming a spell all of them would be read.
select spell_id
from caller_spells
where caller_id = $caller_id
order by spell_id
