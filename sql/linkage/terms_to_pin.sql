-- One row per term that a new model pins, in one order. Key: kind, term, other.
with

final as (
    select kind, term, other, amount from linkage_terms
    union all
    select 'common part', cast(key as varchar), '', records from common_parts
    union all
    select 'common key', cast(key as varchar), '', records from common_keys
)

select kind, term, other, cast(amount as double) as amount from final
order by kind, term, other
