-- One row per person with a misuse call in the headline window. Key: caller_id. No params.
-- squares: the sum of squared episode sizes, the variance of a count whose episodes come by chance. For how firm the
-- order of the most prolific is.
with

episodes as (
    select caller_id, episode_number, count(*) as calls
    from window_calls
    where window_name = 'headline' and is_misuse and identity_kind = 'person'
    group by caller_id, episode_number
),

final as (
    select
        caller_id, cast(sum(calls) as bigint) as misuse_calls, cast(sum(calls * calls) as bigint) as squares
    from episodes
    group by caller_id
)

select * from final
