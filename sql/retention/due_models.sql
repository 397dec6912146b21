-- One row per model that was replaced, or refused, and is past its time: its words are people's names. Key:
-- model_digest. Params: $before. The newest of them stays, so that there is one to go back to.
with

replaced as (
    select model_digest, made_at, row_number() over (order by made_at desc, model_digest) as place
    from vault.identity_models
    where status = 'replaced'
),

final as (
    select model_digest
    from replaced
    where made_at < $before and place > 1
)

select * from final
order by model_digest
