-- One row per caller, day of the week (Monday is 1, as ISO has it) and local hour with misuse calls.
-- Key: caller_id, weekday, hour. Params: $callers, $as_of, $window_days, $channel.
select caller_id, isodow(local_date) as weekday, local_hour as hour, count(*) as misuse_calls
from calls
where
    caller_id in (select unnest($callers))
    and is_misuse
    and channel = $channel
    and local_date > $as_of::date - $window_days::integer
    and local_date <= $as_of
group by all
order by caller_id, weekday, hour
