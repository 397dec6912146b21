-- One row: the published run and its headline window. No params.
-- Every caller's headline window is the same one; with no coded misuse call in it, it is not known here.
select
    runs.run_id,
    runs.as_of,
    (select min(window_from) from caller_windows where window_name = 'headline') as window_from,
    (select max(window_to) from caller_windows where window_name = 'headline') as window_to
from runs
order by runs.as_of desc, runs.started_at desc
limit 1
