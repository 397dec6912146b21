-- One row per person with at least threshold misuse calls in the headline window. Key: caller_id.
-- Params: $run_id, $as_of. The order of the list: no score, only counts that anybody can check.
with

headline as (
    select * from caller_windows where window_name = 'headline'
),

-- All of the window's misuse, whoever made it: unidentified calls and shared lines too.
totals as (
    select count(*) as misuse_calls from window_calls where window_name = 'headline' and is_misuse
),

final as (
    select
        cast($run_id as varchar) as run_id,
        cast($as_of as date) as as_of,
        cast(row_number() over (
            order by
                headline.misuse_calls desc,
                coalesce(headline.handling_seconds, 0) + coalesce(headline.unit_seconds, 0) desc,
                headline.tenth_misuse_at asc,
                headline.caller_id asc
        ) as integer) as rank,
        headline.caller_id, headline.misuse_calls, headline.episodes, headline.handling_seconds, headline.unit_seconds,
        headline.misuse_calls / totals.misuse_calls as share_of_misuse,
        headline.tenth_misuse_at, headline.last_misuse_at
    from headline
    cross join totals
    where headline.is_persistent
)

select * from final
