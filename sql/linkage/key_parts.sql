-- One row per record and part of a key that may bring candidates together. Key: record, key.
-- Families: name, affix (the first or last letters of a name), postcode, sector, district, place, birth, near birth
-- (a birth date less one digit). A source is the name that a part was made of: two parts of one name are one part.
with

names as (
    select record, word_of(code) as word, row_number() over (partition by record order by code desc) as place
    from (select record, unnest(names) as code from features) as coded
),

places as (
    select record, word_of(code) as word, row_number() over (partition by record order by code desc) as place
    from (select record, unnest(places) as code from features) as coded
),

births as (select record, birth[3:] as birth from features where birth is not null),

parts as (
    select record, 'name' as family, 'n' || word as part, place as source from names where place <= 6
    union all
    select record, 'affix', 'a' || left(word, case when length(word) > 5 then 4 else 3 end), place
    from names
    where place <= 4 and length(word) >= 3
    union all
    select record, 'affix', 'z' || right(word, case when length(word) > 5 then 4 else 3 end), place
    from names
    where place <= 4 and length(word) >= 4
    union all
    select record, 'postcode', 'p' || postcode, 0 from features where postcode is not null
    union all
    select record, 'sector', 's' || sector_of(postcode), 0 from features where postcode is not null
    union all
    select record, 'district', 't' || district_of(postcode), 0 from features where postcode is not null
    union all
    select record, 'place', 'x' || word, 0 from places where place <= 2 and length(word) >= 2
    union all
    select record, 'birth', 'd' || birth, 0 from births
    union all
    select record, 'near birth', 'b' || unnest([
        '1' || birth[:6], '2' || birth[:4] || birth[7:], '3' || birth[:3] || birth[5:], '4' || birth[:2] || birth[4:],
        '5' || birth[1] || birth[3:]
    ]), 0 from births
),

final as (select record, family, source, hash(part) as key from parts)

select * from final
