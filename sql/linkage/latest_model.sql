-- One row: the latest model of a status. Key: model_digest. Params: $status.
with

final as (
    select model_digest, document, made_at
    from vault.identity_models
    where status = $status
)

select model_digest, document from final
order by made_at desc, model_digest
limit 1
