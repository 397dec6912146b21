-- Every row that is to go in has its key, its digest, its time and this batch's id, and no call comes twice.
-- Door: landing
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} rows lack what every call must have, or come twice: {scopes}
-- Next: compose a call id that is unique in the source's layout; `misuse source check` shows how rows are read
-- Params: $batch_id.
with

counts as (
    select
        ['call_key', 'content_digest', 'received_at', 'source', 'batch_id', 'the same call twice'] as scopes,
        [
            count(*) filter (where call_key is null),
            count(*) filter (where content_digest is null),
            count(*) filter (where received_at is null),
            count(*) filter (where source is null),
            count(*) filter (where batch_id is distinct from $batch_id),
            count(call_key) - count(distinct call_key)
        ] as offending
    from landing_calls
)

select
    unnest(scopes) as scope,
    unnest(offending)::double as value
from counts
