-- One row per pattern of levels: how many pairs of two records show it. Key: name, home, birth. known: what both know
-- (known_of).
with

final as (
    select name, home, birth, known_of(name, home, birth) as known, count(*) as pairs
    from pair_levels
    where record_a <> record_b
    group by name, home, birth
)

select * from final
order by name, home, birth
