-- What does each misuse code cost in handling and unit time, on all channels together?
-- param days = 365; days to as-of
select
    coalesce(closing_code, opening_code, 'none') as code,
    count(*) as misuse_calls,
    round(avg(handling_seconds), 0) as mean_handling_seconds,
    round(sum(handling_seconds) / 3600.0, 1) as handling_hours,
    count(*) filter (where units_assigned > 0) as calls_with_units,
    round(sum(unit_seconds) / 3600.0, 1) as unit_hours,
    round(count(*) filter (where handling_seconds is null) / count(*), 3) as unmeasured_share
from calls
where is_misuse and local_date > (select max(as_of) - $days::integer from bridge)
group by code
order by handling_hours desc nulls last, code
