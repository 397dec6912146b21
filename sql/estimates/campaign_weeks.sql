-- One row per campaign of the settings and whole week of the log, counted from the day it began: week 0 is the first.
-- Key: campaign, week. Params: $as_of, $headline_channel, $campaign_names, $campaign_days. Three years before and two
-- after at most. Genuine calls are those not coded misuse.
with

campaigns as (
    select
        unnest(cast($campaign_names as varchar[])) as campaign, unnest(cast($campaign_days as date[])) as began
),

spans as (
    select
        campaigns.campaign, campaigns.began,
        greatest(-156, -(date_diff('day', log_start.first_date, campaigns.began) // 7)) as first_week,
        least(103, date_diff('day', campaigns.began, cast($as_of as date) + 1) // 7 - 1) as last_week
    from campaigns
    inner join windows as log_start on log_start.window_name = 'since_log_start'
),

weeks as (
    select campaign, began, unnest(range(first_week, last_week + 1)) as week
    from spans
    where first_week < 0 and last_week >= 0
),

days as (
    select local_date, sum(calls - coded_misuse_calls) as genuine_calls, sum(misuse_calls) as misuse_calls
    from demand_daily
    where channel = cast($headline_channel as varchar)
    group by local_date
),

final as (
    select
        weeks.campaign, cast(weeks.week as integer) as week, any_value(weeks.began) as began,
        any_value(weeks.began) + cast(weeks.week * 7 as integer) as first_date,
        cast(coalesce(sum(days.misuse_calls), 0) as bigint) as misuse_calls,
        cast(coalesce(sum(days.genuine_calls), 0) as bigint) as genuine_calls
    from weeks
    left join days on date_diff('day', weeks.began + cast(weeks.week * 7 as integer), days.local_date) between 0 and 6
    group by weeks.campaign, weeks.week
)

select * from final
