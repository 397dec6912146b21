-- One row per record: what is compared of it, and its keys. Key: record_key.
with

final as (
    select record_key, names, kin, places, place_kin, postcode, birth, coalesce(keys, []) as keys
    from features
    left join record_keys using (record)
)

select * from final
