-- One row: the published run and its headline window. No params.
select
    run_id,
    as_of,
    window_from,
    window_to
from windows
where window_name = 'headline'
