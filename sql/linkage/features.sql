-- One row per record: what a model compares, each term with its rarity before it, the rarest first. Key: record_key.
-- `names` and `places` are words, `kin` and `place_kin` the words that they are known to be written as.
with

unseen as (
    select
        max(amount) filter (kind = 'name') as name_bits,
        max(amount) filter (kind = 'place') as place_bits,
        max(amount) filter (kind = 'birth') as birth_bits
    from linkage_terms
    where term = ''
),

held as (
    select record, 'name' as kind, unnest(name_words) as term from details
    union all
    select record, 'place', unnest(place_words) from details
),

rarities as (select kind, term, amount from linkage_terms where other = '' and term <> ''),

variants as (select kind[9:] as kind, term, other from linkage_terms where starts_with(kind, 'variant ')),

-- A word is looked up once, however many records hold it.
coded as (
    select
        kind,
        term,
        rarity_letter(coalesce(amount, case kind when 'name' then name_bits else place_bits end)) || term as code
    from (select kind, term from held union select kind, other from variants) as words
    left join rarities using (kind, term)
    cross join unseen
),

listed as (
    select
        record,
        list(code order by code desc) filter (kind = 'name') as names,
        list(code order by code desc) filter (kind = 'place') as places
    from held
    inner join coded using (kind, term)
    group by record
),

listed_variants as (
    select
        record,
        list(distinct coded.code order by coded.code) filter (kind = 'name') as kin,
        list(distinct coded.code order by coded.code) filter (kind = 'place') as place_kin
    from held
    inner join variants using (kind, term)
    inner join coded on held.kind = coded.kind and variants.other = coded.term
    group by record
),

final as (
    select
        record_key,
        record,
        names,
        coalesce(kin, []) as kin,
        places,
        coalesce(place_kin, []) as place_kin,
        postcode,
        rarity_letter(coalesce(dates.amount, birth_bits))
        || case when defaults.term is null then '.' else '!' end
        || birth as birth
    from details
    left join listed using (record)
    left join listed_variants using (record)
    left join rarities as dates on dates.kind = 'birth' and birth = dates.term
    left join rarities as defaults on defaults.kind = 'default' and birth[5:] = defaults.term
    cross join unseen
)

select * from final
