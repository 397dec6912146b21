-- One row per record to be compared: its keys, but those too common to be of use. Key: record.
with

final as (
    select record, list(distinct key) as keys
    from composed_keys
    anti join common_keys using (key)
    group by record
)

select * from final
