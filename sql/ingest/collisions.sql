-- One row: how far the versions of one call lie apart, how many calls have versions that nothing ranks, how many are
-- held as an earlier layout read them, and how many have versions ranked in ways that cannot be compared.
-- Params: $layout_turn of the file's layout. What an earlier layout read of a call differs from what this one reads
-- because it is another layout, and says nothing of the id.
with

contents as (
    select
        call_key,
        version_rank,
        max(received_at) as latest_at,
        min(received_at) as earliest_at,
        count(distinct content_digest) as contents,
        count(distinct content_digest) filter (where layout_turn = $layout_turn) as own_contents,
        case
            when regexp_full_match(version_rank, '\d{20}') then 'integer'
            when version_rank like '____-__-__T__:__:__.______' then 'time'
            when version_rank is not null then 'text'
        end as rank_kind,
        case when regexp_full_match(version_rank, '\d+') then strlen(version_rank) end as rank_length
    from candidates
    group by call_key, version_rank
),

calls as (
    select
        call_key,
        date_diff('second', min(earliest_at), max(latest_at)) as spread_seconds,
        max(own_contents) as unranked_contents,
        bool_or(own_contents > 0 and contents > own_contents) as is_reread,
        count(distinct rank_kind) > 1 or count(distinct rank_length) > 1 as has_unlike_ranks
    from contents
    group by call_key
)

select
    count(*) filter (where spread_seconds > 86400) as far_apart_calls,
    count(*) filter (where unranked_contents > 1) as unranked_calls,
    count(*) filter (where is_reread) as reread_calls,
    count(*) filter (where has_unlike_ranks) as unlike_ranks
from calls
