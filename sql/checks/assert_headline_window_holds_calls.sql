-- The headline's window holds at least one call where the log holds any: an as-of far off the log is no quiet year.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: {scopes}: none of the {value:.0f} calls of the log lies in the window that ends with this as-of
-- Next: misuse run, without --as-of, which speaks for the last whole day of the log
with

held as (
    select count(*) as calls from call_records
),

counted as (
    select count(*) as calls
    from calls
    inner join windows
        on
            windows.window_name = 'headline'
            and calls.received_at >= windows.window_from and calls.received_at < windows.window_to
)

select
    'an empty headline' as scope,
    (case when counted.calls = 0 then held.calls else 0 end)::double as value
from held, counted
