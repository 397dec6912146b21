-- One row per caller, code and whether it is of misuse. Key: caller_id, is_coded_misuse, name.
-- Params: $callers, $as_of, $window_days, $channel.
select
    caller_id,
    is_coded_misuse,
    coalesce(closing_code, opening_code, 'no code') as name,
    count(*) as calls
from calls
where
    caller_id in (select unnest($callers))
    and (is_misuse or not is_coded_misuse)
    and channel = $channel
    and local_date > $as_of::date - $window_days::integer
    and local_date <= $as_of
group by all
order by caller_id, is_coded_misuse desc, calls desc, name
