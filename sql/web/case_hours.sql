-- One row per weekday (Monday is 1) and local hour with misuse calls of one caller. Params: $caller_id.
-- Key: weekday, hour.
select
    isodow(local_date) as weekday,
    local_hour as hour,
    count(*) as calls
from calls
where caller_id = $caller_id and is_misuse
group by all
order by weekday, hour
