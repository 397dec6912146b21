-- One row: how many records a model learns from, and how many know what.
with

final as (
    select
        count(*) as records,
        count(names) as with_name,
        count(places) as with_address,
        count(postcode) as with_postcode,
        count(birth) as with_birth_date,
        count(birth) filter (is_default_birth(birth)) as with_default_birth_date
    from features
)

select * from final
