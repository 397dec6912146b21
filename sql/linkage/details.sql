-- One row per record: its details in the form that is compared. Key: record_key, and record, its number in that order.
-- Names of the subscriber and of the person are one set of words. A date is eight digits, possible or not; one
-- that no reading fits is not compared.
with

trimmed as (
    select
        record_key,
        list_distinct(list_concat(coalesce(told_words(subscriber_name), []), coalesce(told_words(person_name), [])))
            as name_words,
        told_words(subscriber_address) as place_words,
        regexp_replace(lower(subscriber_postcode), '[^a-z0-9]', '', 'g') as postcode,
        trim(birth_date) as birth_date
    from unscored
),

dated as (
    select
        *,
        regexp_extract(birth_date, '^(\d{4})[-/. ]?(\d{2})[-/. ]?(\d{2})(\D.*)?$', ['year', 'month', 'day']) as iso,
        regexp_extract(
            birth_date, '^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(\D.*)?$', ['day', 'month', 'year']
        ) as british,
        coalesce(
            try_strptime(birth_date, '%d %b %Y'), try_strptime(birth_date, '%d-%b-%Y'),
            try_strptime(birth_date, '%d %B %Y')
        ) as worded
    from trimmed
),

final as (
    select
        record_key,
        row_number() over (order by record_key) as record,
        case when len(name_words) > 0 then name_words end as name_words,
        case when len(place_words) > 0 then place_words end as place_words,
        case when length(postcode) between 5 and 8 then postcode end as postcode,
        case
            when iso['year'] <> '' then iso['year'] || iso['month'] || iso['day']
            when british['year'] <> ''
                then british['year'] || lpad(british['month'], 2, '0') || lpad(british['day'], 2, '0')
            when worded is not null then strftime(worded, '%Y%m%d')
        end as birth
    from dated
)

select * from final
