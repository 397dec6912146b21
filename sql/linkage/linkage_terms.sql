-- One row per term that the model knows. Key: kind, term, other.
with

final as (
    select kind, term, other, amount
    from linkage_model_terms
    where kind not in ('common part', 'common key')
)

select * from final
