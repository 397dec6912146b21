-- One row per set of details: how many records know at least those. Key: details, a number of four bits: 8 name,
-- 4 postcode, 2 address, 1 birth date.
with

knowing as (
    select
        8 * cast(names is not null as integer) + 4 * cast(postcode is not null as integer)
        + 2 * cast(places is not null as integer) + cast(birth is not null as integer) as details,
        count(*) as records
    from features
    group by details
),

final as (
    select sets.details, cast(coalesce(sum(knowing.records), 0) as bigint) as records
    from (select unnest(range(16)) as details) as sets
    left join knowing on sets.details & knowing.details = sets.details
    group by sets.details
)

select * from final
order by details
