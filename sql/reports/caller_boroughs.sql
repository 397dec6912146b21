-- One row per caller and borough with misuse calls. Key: caller_id, name.
-- Params: $callers, $as_of, $window_days, $channel.
select caller_id, coalesce(borough, 'not recorded') as name, count(*) as calls
from calls
where
    caller_id in (select unnest($callers))
    and is_misuse
    and channel = $channel
    and local_date > $as_of::date - $window_days::integer
    and local_date <= $as_of
group by all
order by caller_id, calls desc, name
