-- One row per pair: how far its names, homes and birth dates agree, by the levels of macros.sql; null where either
-- side is blank. Key: record_a, record_b.
with

joined as (
    select
        record_a,
        record_b,
        a.names as names_a,
        b.names as names_b,
        a.kin as kin_a,
        b.kin as kin_b,
        rest_of(a.names, b.names) as rest_a,
        rest_of(b.names, a.names) as rest_b,
        case when a.places is not null and b.places is not null then place_bits(a.places, b.places, b.place_kin) end
            as place_bits,
        greatest(bits_of_all(a.places), bits_of_all(b.places)) as whole_bits,
        a.places = b.places as same_places,
        postcode_level(a.postcode, b.postcode) as postcode,
        case when a.birth is not null and b.birth is not null then birth_level(a.birth, b.birth) end as birth
    from pairs
    inner join compared as a on record_a = a.record_key
    inner join compared as b on record_b = b.record_key
),

-- Of what is left over, the two rarest words of each side may be the other's with a slip, or known spellings of it.
slips as (
    select
        *,
        is_slip(rest_a[1], rest_b[1]) as slip_11,
        is_slip(rest_a[1], rest_b[2]) as slip_12,
        is_slip(rest_a[2], rest_b[1]) as slip_21,
        is_slip(rest_a[2], rest_b[2]) as slip_22
    from joined
),

near as (
    select
        *,
        cast(slip_11 or slip_12 or is_kin(rest_a[1], kin_b) as integer) as near_a1,
        cast(slip_21 or slip_22 or is_kin(rest_a[2], kin_b) as integer) as near_a2,
        cast(slip_11 or slip_21 or is_kin(rest_b[1], kin_a) as integer) as near_b1,
        cast(slip_12 or slip_22 or is_kin(rest_b[2], kin_a) as integer) as near_b2
    from slips
),

-- What agrees nearly counts for seven tenths.
named as (
    select
        *,
        bits_of_all(names_a) - bits_of_all(rest_a) + 0.35 * (
            near_a1 * bits_of(rest_a[1]) + near_a2 * bits_of(rest_a[2])
            + near_b1 * bits_of(rest_b[1]) + near_b2 * bits_of(rest_b[2])
        ) as name_bits,
        len(rest_a) - near_a1 - near_a2 as over_a,
        len(rest_b) - near_b1 - near_b2 as over_b
    from near
),

final as (
    select
        record_a,
        record_b,
        case when names_a is not null and names_b is not null then name_level(name_bits, over_a, over_b) end as name,
        nullif(postcode * 5 + address_level(place_bits, whole_bits, same_places), 0) as home,
        birth
    from named
)

select * from final
