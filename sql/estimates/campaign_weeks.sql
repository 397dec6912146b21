-- One row per campaign of the settings and whole week of the log, counted from the day it began: week 0 is the first.
-- Key: campaign, week. Params: $as_of, $headline_channel, $campaign_names, $campaign_days. Three years before and two
-- after at most, and no week of another campaign's time, or its effect would pass for this one's: from the campaign
-- before on, and until the next. Genuine calls are those not coded misuse.
with

campaigns as (
    select
        unnest(cast($campaign_names as varchar[])) as campaign, unnest(cast($campaign_days as date[])) as began
),

neighbours as (
    select began, lag(began) over (order by began) as began_before, lead(began) over (order by began) as begins_next
    from (select distinct began from campaigns) as beginnings
),

-- greatest() and least() pass over a neighbour that is not there.
spans as (
    select
        campaigns.campaign, campaigns.began,
        greatest(
            -156,
            -(date_diff('day', greatest(log_start.first_date, neighbours.began_before), campaigns.began) // 7)
        ) as first_week,
        least(
            103,
            date_diff('day', campaigns.began, least(cast($as_of as date) + 1, neighbours.begins_next)) // 7 - 1
        ) as last_week
    from campaigns
    inner join neighbours on campaigns.began = neighbours.began
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
