-- One row per reach that the caller's spells are in. Key: reach_id. Param: $caller_id.
select distinct reach_id
from caller_spells
where caller_id = $caller_id
order by reach_id
