-- One row per part, value and kind of caller: misuse calls of the headline window for the public summary, with how many
-- callers made them. Key: part, value, made_by. Params: $as_of, $window_days, $channel.
with

counted as (
    select
        calls.caller_id, calls.local_date, calls.local_hour, calls.borough,
        coalesce(calls.closing_code, calls.opening_code, 'no code') as code,
        case
            when persistent_callers.caller_id is not null then 'persistent callers'
            when calls.identity_kind = 'person' then 'other persons'
            when calls.caller_id is not null then 'shared lines and premises'
            else 'nobody known'
        end as made_by
    from calls
    left join persistent_callers on calls.caller_id = persistent_callers.caller_id
    where
        calls.is_misuse
        and calls.channel = $channel
        and calls.local_date > $as_of::date - $window_days::integer
        and calls.local_date <= $as_of
),

parted as (
    select
        unnest(['month', 'borough', 'time of day', 'code', 'all']) as part,
        unnest([
            strftime(local_date, '%Y-%m'), coalesce(borough, 'not recorded'),
            case
                when local_hour < 6 then '00:00 to 05:59' when local_hour < 12 then '06:00 to 11:59'
                when local_hour < 18 then '12:00 to 17:59' else '18:00 to 23:59'
            end,
            code, 'all'
        ]) as value,
        made_by, caller_id
    from counted
),

by_caller as (
    select part, value, made_by, caller_id, count(*) as calls
    from parted
    group by part, value, made_by, caller_id
)

select
    part, value, made_by, sum(calls)::bigint as calls, count(caller_id) as callers,
    coalesce(max(calls) filter (where caller_id is not null), 0) as most_of_one
from by_caller
group by part, value, made_by
order by part, value, made_by
