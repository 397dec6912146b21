-- One row per campaign of the settings, caller and whole week with misuse calls of theirs.
-- Key: campaign, caller_id, week. No params. Weeks are those of campaign_weeks.
-- A caller is a person, a shared line or a premises: calls of one belong together. Who called once in all these weeks,
-- and calls of nobody known, are left out: each is one of its own.
with

spans as (
    select campaign, any_value(began) as began, min(first_date) as first_date, max(first_date) + 7 as end_date
    from campaign_weeks
    group by campaign
),

misuse as (
    select caller_id, local_date
    from window_calls
    where window_name = 'since_log_start' and is_misuse and caller_id is not null
),

weekly as (
    select
        spans.campaign, misuse.caller_id,
        cast(
            date_diff('day', spans.began, spans.first_date) // 7
            + date_diff('day', spans.first_date, misuse.local_date) // 7 as integer
        ) as week
    from misuse
    inner join spans on misuse.local_date >= spans.first_date and misuse.local_date < spans.end_date
),

counted as (
    select campaign, caller_id, week, count(*) as misuse_calls
    from weekly
    group by campaign, caller_id, week
),

final as (
    select *
    from counted
    qualify sum(misuse_calls) over (partition by campaign, caller_id) > 1
)

select * from final
