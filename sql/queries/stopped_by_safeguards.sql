-- How many coded misuse calls and callers did the safeguards take out, month by month?
-- On the headline's channel. Kinds of stop are not shown.
-- param months = 12; months to as-of
select
    date_trunc('month', local_date)::date as month,
    count(*) as coded_misuse_calls,
    count(*) filter (where is_stopped) as stopped_calls,
    count(distinct caller_id) filter (where is_stopped) as callers_with_a_stop,
    count(*) filter (where is_doubtful) as doubtful_calls,
    count(*) filter (where is_misuse) as misuse_calls,
    round(count(*) filter (where is_stopped) / count(*), 3) as stopped_share
from calls
where
    is_coded_misuse
    and channel = (select channel from windows where window_name = 'headline')
    and local_date > (select max(as_of) - to_months($months) from bridge)
group by month
order by month
