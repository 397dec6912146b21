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
        -- A nought a figure, but for times, which text orders where the year comes first.
        case when version_rank not like '____-__-__%' then regexp_replace(version_rank, '\d', '0', 'g') end as figures
    from candidates
    group by call_key, version_rank
),

calls as (
    select
        call_key,
        date_diff('second', min(earliest_at), max(latest_at)) as spread_seconds,
        max(own_contents) as unranked_contents,
        bool_or(own_contents > 0 and contents > own_contents) as is_reread,
        count(distinct rank_kind) > 1
        -- Numbers of unequal length at one place, as 9 and 10, V9 and V10, 1.9 and 1.10 have them.
        or count(distinct figures) > count(distinct regexp_replace(figures, '0+', '0', 'g'))
        or count(distinct regexp_extract(figures, '^[^0]*0+'))
        > count(distinct split_part(figures, '0', 1) || contains(figures, '0')::varchar) as has_unlike_ranks
    from contents
    group by call_key
)

select
    count(*) filter (where spread_seconds > 86400) as far_apart_calls,
    count(*) filter (where unranked_contents > 1) as unranked_calls,
    count(*) filter (where is_reread) as reread_calls,
    count(*) filter (where has_unlike_ranks) as unlike_ranks
from calls
