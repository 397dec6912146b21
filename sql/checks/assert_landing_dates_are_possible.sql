-- No call was received after now, give or take a day for a wrong zone, or before 999 began.
-- A single call dated years ahead would carry the default as-of with it, so it stops the batch.
-- Door: landing
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} rows have a date that cannot be: {scopes}
-- Next: check the layout's date format and two-digit years with `misuse source check`, or mend the rows
-- Params: $now.
with

counts as (
    select
        ['received after now', 'received before July 1937'] as scopes,
        [
            count(*) filter (where received_at > $now::timestamp + interval 1 day),
            count(*) filter (where received_at < timestamp '1937-06-30 00:00:00')
        ] as offending
    from landing_calls
)

select
    unnest(scopes) as scope,
    unnest(offending)::double as value
from counts
