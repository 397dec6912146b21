-- How one caller's calls are coded, where they were, and on which days most. Params: $caller_id.
-- Key: kind, value, is_misuse.
with

own as (
    select * from calls
    where caller_id = $caller_id
),

busiest as (
    select 'day' as kind, local_date::varchar as value, is_misuse, count(*) as calls
    from own
    where is_misuse
    group by all
    order by calls desc, value
    limit 5
),

final as (
    select 'code' as kind, coalesce(closing_code, opening_code, 'no code') as value, is_misuse, count(*) as calls
    from own
    group by all
    union all
    select 'borough' as kind, coalesce(borough, 'not recorded') as value, is_misuse, count(*) as calls
    from own
    group by all
    union all
    select 'channel' as kind, channel as value, is_misuse, count(*) as calls
    from own
    group by all
    union all
    select * from busiest
)

select * from final
order by kind, is_misuse desc, calls desc, value
