-- How many are over a threshold in every window, by calls and by episodes, and what is their share?
-- param threshold = 10; from 3 to 50
select
    window_name, first_date, last_date, counted, callers, misuse_calls, round(share, 4) as share,
    round(low, 4) as low, round(high, 4) as high
from window_thresholds
where threshold = $threshold::integer
order by first_date, window_name, counted
