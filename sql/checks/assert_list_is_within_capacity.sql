-- New and next callers on the list are no more than the group can take on; none waits before its turn.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: the list goes {value:.0f} over its bounds: {scopes}
-- Next: report the run's id, or raise settings.capacity if the group can take more
-- Params: $capacity.
select
    'parts 2 and 3 over capacity' as scope,
    greatest(count(*) filter (where part in (2, 3)) - $capacity, 0)::double as value
from tasking_list
union all
select 'of no part' as scope, count(*) filter (where part is null or part not between 1 and 4)::double as value
from tasking_list
union all
-- Who has no case yet waits only where the places are taken.
select
    'waiting though there is room' as scope,
    case when count(*) filter (where part in (2, 3)) < $capacity
            then count(*) filter (where part = 4 and caller_id not in (select caller_id from cases))
        else 0
    end::double as value
from tasking_list
