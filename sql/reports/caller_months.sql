-- One row per caller and calendar month with calls. Key: caller_id, month. Params: $callers, $channel, $as_of.
select
    caller_id,
    date_trunc('month', local_date)::date as month,
    count(*) filter (is_misuse) as misuse_calls,
    count(*) filter (not is_coded_misuse) as genuine_calls
from calls
where caller_id in (select unnest($callers)) and channel = $channel and local_date <= $as_of
group by all
order by caller_id, month
