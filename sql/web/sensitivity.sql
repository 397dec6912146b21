-- The headline by other ways of reckoning. Key: kind, way.
select * exclude (run_id, as_of)
from sensitivity
order by kind, threshold, way
