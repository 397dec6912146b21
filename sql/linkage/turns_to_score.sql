-- One row per two records of holders of one number in turn that the model has not compared, whatever it has compared
-- them with besides. Key: record_a, record_b. Params: $digest.
with

final as (
    select turns.record_a, turns.record_b
    from vault.identity_turns as turns
    left join vault.identity_pairs as held
        on
            held.model_digest = $digest
            and turns.record_a = held.record_a
            and turns.record_b = held.record_b
    where held.record_a is null
)

select * from final
