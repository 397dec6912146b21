-- One row per set of details (known, as known_of has it): how many records know at least those. Key: known.
with

knowing as (
    select known_of(names[1], coalesce(postcode, places[1]), birth) as known, count(*) as records
    from features
    group by known
),

final as (
    select sets.known, coalesce(sum(knowing.records), 0)::bigint as records
    from (select unnest(range(8)) as known) as sets
    left join knowing on sets.known & knowing.known = sets.known
    group by sets.known
)

select * from final
order by known
