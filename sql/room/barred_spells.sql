-- One row per number-holding spell, of those asked for, on whose caller the published run has a hard stop, or whose
-- number it takes for a line of many people. Key: spell_id. Param: $spells.
select distinct caller_spells.spell_id
from caller_spells
inner join callers on caller_spells.caller_id = callers.caller_id
where
    caller_spells.spell_id in (select unnest($spells)::varchar)
    and (callers.is_stopped or callers.identity_kind <> 'person')
