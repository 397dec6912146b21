-- No duration and no number of units is less than nothing.
-- Door: landing
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} rows have a negative amount: {scopes}
-- Next: check the layout's time columns and units with `misuse source check`, then ingest the file again
with

counts as (
    select
        ['talk_seconds', 'wrap_seconds', 'unit_seconds', 'units_assigned'] as scopes,
        [
            count(*) filter (where talk_seconds < 0),
            count(*) filter (where wrap_seconds < 0),
            count(*) filter (where unit_seconds < 0),
            count(*) filter (where units_assigned < 0)
        ] as offending
    from landing_calls
)

select
    unnest(scopes) as scope,
    unnest(offending)::double as value
from counts
