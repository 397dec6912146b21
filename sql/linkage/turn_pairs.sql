-- One row per two different records of holders of one number in turn. Key: record_a, record_b.
with

final as (
    select turns.record_a, turns.record_b
    from vault.identity_turns as turns
    where turns.record_a <> turns.record_b
)

select * from final
