-- One row that every pair goes with: Splink compares two sides, and ours are in one row already.
with

final as (
    select
        cast(0 as bigint) as pair,
        cast(null as integer) as name,
        cast(null as integer) as home,
        cast(null as integer) as birth,
        2 as goes_with,
        1 as stands_for
)

select * from final
