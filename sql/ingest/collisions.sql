-- One row: how far the versions of one call lie apart, and how many calls have versions that nothing ranks.
with

contents as (
    select
        call_key,
        version_rank,
        max(received_at) as latest_at,
        min(received_at) as earliest_at,
        count(distinct content_digest) as contents
    from candidates
    group by call_key, version_rank
),

calls as (
    select
        call_key,
        date_diff('second', min(earliest_at), max(latest_at)) as spread_seconds,
        max(contents) as unranked_contents
    from contents
    group by call_key
)

select
    count(*) filter (where spread_seconds > 86400) as far_apart_calls,
    count(*) filter (where unranked_contents > 1) as unranked_calls
from calls
