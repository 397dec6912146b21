-- One row per key that the model knows as too common. Key: key. Params: $kind (common part, common key).
with

final as (
    select cast(term as ubigint) as key
    from linkage_model_terms
    where kind = $kind
)

select * from final
