-- One row per term that a model knows, in one order. Key: kind, term, other. Params: $digest.
with

final as (
    select kind, term, other, amount
    from vault.identity_terms
    where model_digest = $digest
)

select * from final
order by kind, term, other
