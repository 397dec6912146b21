-- One row per spell whose hard stops reach the caller, the caller's own among them. Key: spell_id. Param: $caller_id.
select spell_id
from caller_spells
where
    caller_id = $caller_id
    or reach_id in (select reach_id from caller_spells where caller_id = $caller_id)
order by spell_id
