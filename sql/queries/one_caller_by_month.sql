-- How has one caller called, month by month: misuse, stopped, doubtful, genuine?
-- param caller = null; caller_id, as the lists show it; null for the first on the list
select
    date_trunc('month', local_date)::date as month,
    count(*) as calls,
    count(*) filter (where is_misuse) as misuse_calls,
    count(*) filter (where is_stopped) as stopped_calls,
    count(*) filter (where is_doubtful) as doubtful_calls,
    count(*) filter (where not is_coded_misuse) as genuine_calls,
    round(sum(handling_seconds) / 3600.0, 2) as handling_hours
from calls
where caller_id = coalesce($caller::varchar, (select arg_min(caller_id, rank) from persistent_callers))
group by month
order by month
