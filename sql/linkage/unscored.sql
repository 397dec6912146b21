-- One row per record that the model has not compared yet. Key: record_key. Params: $digest.
-- In one order whatever the order of arrival.
with

final as (
    select record_key, subscriber_name, subscriber_address, subscriber_postcode, person_name, birth_date
    from vault.identity_records
    anti join (select record_key from vault.identity_scored where model_digest = $digest) as scored using (record_key)
)

select * from final
order by record_key
