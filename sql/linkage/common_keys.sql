-- One row per composed key that too many records share. Key: key. Params: $key_limit.
with

final as (
    select key, count(*) as records
    from composed_keys
    group by key
    having count(*) > $key_limit
)

select * from final
