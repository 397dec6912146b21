-- No call is talked or wrapped up for over a day, and its times follow one another.
-- Door: landing
-- Severity: warn
-- Limits: 0 to 0
-- Finding: up to {value:.0f} rows have amounts or times that can hardly be: {scopes}
-- Next: check the layout's units (seconds or minutes), zone and roll past midnight with `misuse source check`
with

counts as (
    select
        [
            'talk over a day', 'wrap-up over a day', 'a unit out for over a week',
            'answered before received', 'closed before answered', 'received on the first day of 1970'
        ] as scopes,
        [
            count(*) filter (where talk_seconds > 86400),
            count(*) filter (where wrap_seconds > 86400),
            count(*) filter (where unit_seconds > 604800::bigint * greatest(coalesce(units_assigned, 1), 1)),
            count(*) filter (where answered_at < received_at),
            count(*) filter (where ended_at < coalesce(answered_at, received_at)),
            count(*) filter (where received_at::date = date '1970-01-01')
        ] as offending
    from landing_calls
)

select
    unnest(scopes) as scope,
    unnest(offending)::double as value
from counts
