-- When does misuse come: hour of day by weekday, in calls an hour of the headline window?
-- param channel = '999'; one channel
with

headline as (
    select first_date as first_day, last_date as last_day from windows where window_name = 'headline'
),

weekdays as (
    select isodow(day) as weekday, count(*) as days
    from headline, unnest(generate_series(first_day, last_day, interval 1 day)) as series (day)
    where day::date >= (select min(local_date) from calls)
    group by weekday
)

select
    local_hour,
    round(count(*) filter (where isodow(local_date) = 1) / max(days) filter (where weekday = 1), 2) as monday,
    round(count(*) filter (where isodow(local_date) = 2) / max(days) filter (where weekday = 2), 2) as tuesday,
    round(count(*) filter (where isodow(local_date) = 3) / max(days) filter (where weekday = 3), 2) as wednesday,
    round(count(*) filter (where isodow(local_date) = 4) / max(days) filter (where weekday = 4), 2) as thursday,
    round(count(*) filter (where isodow(local_date) = 5) / max(days) filter (where weekday = 5), 2) as friday,
    round(count(*) filter (where isodow(local_date) = 6) / max(days) filter (where weekday = 6), 2) as saturday,
    round(count(*) filter (where isodow(local_date) = 7) / max(days) filter (where weekday = 7), 2) as sunday,
    count(*) as misuse_calls
from calls
inner join headline on calls.local_date between headline.first_day and headline.last_day
inner join weekdays on isodow(calls.local_date) = weekdays.weekday
where calls.is_misuse and calls.channel = $channel
group by local_hour
order by local_hour
