-- One row per step of rarity: how many records' whole names are so rare. Key: step.
with

final as (
    select rarity_step(bits_of_all(names)) as step, count(*) as records
    from features
    where names is not null
    group by step
)

select * from final
order by step
