-- One row per pair of a session, for Splink: its levels, but for what all the session's pairs share. Key: pair.
-- Params: $blocked (name, home, birth or nothing). Every row goes with the one row of `linkage_other`.
with

final as (
    select
        row_number() over () as pair,
        case when $blocked = 'name' then null else name end as name,
        case when $blocked = 'home' then null else home end as home,
        case when $blocked = 'birth' then null else birth end as birth,
        1 as goes_with,
        0 as stands_for
    from pair_levels
)

select * from final
