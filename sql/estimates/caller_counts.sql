-- One row per caller with a misuse call, and window; one more a window for all calls of nobody known.
-- Key: window_name, caller_id. No params. may_persist: a person, which a shared line or premises is not.
with

misuse as (
    select caller_id, identity_kind, local_date, episode_number
    from window_calls
    where window_name = 'since_log_start' and is_misuse
),

final as (
    select
        windows.window_name, misuse.caller_id,
        coalesce(any_value(misuse.identity_kind) = 'person', false) as may_persist,
        count(*) as misuse_calls,
        count(distinct misuse.episode_number) as episodes
    from misuse
    inner join counting_windows as windows
        on windows.is_covered and misuse.local_date between windows.first_date and windows.last_date
    group by windows.window_name, misuse.caller_id
)

select * from final
