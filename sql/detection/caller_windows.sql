-- One row per caller with a coded misuse call on the headline channel in the window, and window.
-- Key: caller_id, window_name. No params. Times unmeasured on every call stay null; they are not zero.
with

misuse as (
    select
        *,
        row_number() over (partition by window_name, caller_id order by received_at, call_key) as position
    from window_calls
    where is_misuse and caller_id is not null
),

misuse_tallies as (
    select
        caller_id, window_name,
        count(*) as misuse_calls,
        count(distinct episode_number) as episodes,
        count(distinct local_date) as active_days,
        sum(handling_seconds) as handling_seconds,
        sum(unit_seconds) as unit_seconds,
        min(received_at) as first_misuse_at,
        max(received_at) as last_misuse_at,
        min(received_at) filter (where position = threshold) as tenth_misuse_at
    from misuse
    group by caller_id, window_name
),

months as (
    select caller_id, window_name, max(misuse_calls) as most_misuse_calls_month
    from (
        select caller_id, window_name, count(*) as misuse_calls
        from misuse
        group by caller_id, window_name, date_trunc('month', local_date)
    ) as by_month
    group by caller_id, window_name
),

coded_tallies as (
    select
        caller_id, window_name, window_from, window_to, threshold, identity_kind,
        count(*) as coded_misuse_calls,
        count(*) filter (where is_stopped) as stopped_calls,
        count(*) filter (where is_doubtful) as doubtful_calls
    from window_calls
    where caller_id is not null
    group by caller_id, window_name, window_from, window_to, threshold, identity_kind
),

final as (
    select
        coded.caller_id, coded.window_name, coded.window_from, coded.window_to,
        coded.coded_misuse_calls, coded.stopped_calls, coded.doubtful_calls,
        coalesce(misuse.misuse_calls, 0) as misuse_calls,
        coalesce(misuse.episodes, 0) as episodes,
        coalesce(misuse.active_days, 0) as active_days,
        coalesce(months.most_misuse_calls_month, 0) as most_misuse_calls_month,
        cast(misuse.handling_seconds as bigint) as handling_seconds,
        cast(misuse.unit_seconds as bigint) as unit_seconds,
        misuse.first_misuse_at, misuse.last_misuse_at, misuse.tenth_misuse_at,
        coded.identity_kind = 'person' and coalesce(misuse.misuse_calls, 0) >= coded.threshold as is_persistent
    from coded_tallies as coded
    left join misuse_tallies as misuse
        on coded.caller_id = misuse.caller_id and coded.window_name = misuse.window_name
    left join months on coded.caller_id = months.caller_id and coded.window_name = months.window_name
)

select * from final
