-- The run that a published copy is of: one row. Key: run_id.
select
    runs.run_id,
    runs.as_of,
    runs.started_at,
    runs.finished_at,
    runs.code_version,
    runs.calls,
    runs.misuse_calls,
    runs.persistent_callers,
    runs.failed_checks,
    runs.warned_checks,
    windows.first_date,
    windows.last_date,
    windows.threshold,
    windows.channel
from windows
inner join runs on windows.run_id = runs.run_id
where windows.window_name = 'headline'
