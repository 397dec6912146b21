-- One row per part of a key that too many records share for it to be a key alone. Key: key. Params: $key_limit.
with

final as (
    select key, count(*) as records
    from key_parts
    where family in ('name', 'postcode', 'sector', 'birth', 'near birth')
    group by key
    having count(*) > $key_limit
)

select * from final
