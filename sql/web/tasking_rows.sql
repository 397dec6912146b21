-- One row per person of the tasking list that the filter lets through, in the order asked for. Key: caller_id.
-- Params: $parts, $lane, $borough, $flag, $status (each but the first null for all), $sort, $is_descending.
with

filtered as (
    select *
    from tasking_list
    where
        list_contains($parts, part)
        and ($lane::varchar is null or lane = $lane)
        and ($borough::varchar is null or list_contains(boroughs, $borough))
        and ($flag::varchar is null or list_contains(flags, $flag))
        and ($status::varchar is null or status = $status)
),

keyed as (
    select
        *,
        case $sort
            when 'misuse' then misuse_calls_window::double
            when 'd90' then misuse_calls_d90::double
            when 'd30' then misuse_calls_d30::double
            when 'episodes' then episodes::double
            when 'hours' then coalesce(handling_hours, 0) + coalesce(unit_hours, 0)
            when 'chance' then p_at_least_threshold
            when 'review' then epoch(review_date)
            when 'last' then epoch(last_misuse_at)
            else rank::double
        end as sort_key
    from filtered
)

select * exclude (sort_key)
from keyed
order by
    case when $is_descending then -sort_key else sort_key end asc nulls last,
    rank asc
