-- One row per record that the model in hand (the variable model_digest) has scored: what is compared of it, and its
-- keys. Key: record_key.
with

final as (
    select * exclude (model_digest)
    from vault.identity_features
    where model_digest = getvariable('model_digest')
)

select * from final
