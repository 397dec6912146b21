-- One row per value that a filter of the list offers, with how many it would leave. Key: kind, value.
with

final as (
    select 'part' as kind, part::varchar as value, count(*) as callers from tasking_list group by all
    union all
    select 'lane' as kind, lane as value, count(*) as callers from tasking_list group by all
    union all
    select 'status' as kind, status as value, count(*) as callers from tasking_list group by all
    union all
    select 'borough' as kind, named.borough as value, count(*) as callers
    from tasking_list, unnest(boroughs) as named (borough)
    group by all
    union all
    select 'flag' as kind, named.flag as value, count(*) as callers
    from tasking_list, unnest(flags) as named (flag)
    group by all
)

select kind, value, callers
from final
order by kind, value
