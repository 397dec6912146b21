-- One row per record and key that may bring candidates together. Key: record, key.
-- A part that is rare enough is a key by itself; parts too common for that (`common_parts`) are keys two by two. The
-- kinds that say little alone (affixes, districts, words of an address) are keys in company only.
with

parts as (
    select
        record,
        family,
        source,
        key,
        family in ('name', 'postcode', 'sector', 'birth', 'near birth') as may_stand_alone
    from key_parts
),

common as (select parts.* from parts semi join common_parts using (key)),

alone as (select record, key from parts anti join common_parts using (key) where may_stand_alone),

-- What needs company: what may not stand alone, and what is too common to.
needy as (
    select record, family, source, key from parts where not may_stand_alone
    union all
    select record, family, source, key from common where family in ('postcode', 'birth', 'near birth')
),

in_company as (
    select a.record, xor(a.key, b.key) as key
    from needy as a
    inner join needy as b on a.record = b.record
    where a.family = 'affix'
        and (b.family <> 'affix' or (a.source < b.source and a.key <> b.key))
    union all
    select a.record, xor(a.key, b.key)
    from needy as a
    inner join needy as b on a.record = b.record
    where a.family in ('birth', 'near birth') and b.family in ('postcode', 'district', 'place')
),

final as (
    select record, key from alone
    union all
    select record, key from in_company
)

select * from final
