-- One row per reach that takes in several callers: a stop on one of them is a stop on all. Key: reach_id. No params.
-- Of several callers at most one gives the reach its id, so that the others tell.
select distinct reach_id
from caller_spells
where reach_id <> caller_id
order by reach_id
