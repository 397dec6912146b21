-- One row per combination of codes in the log: what it says beside misuse. Key: the five code columns. No params.
-- A word of a list is found whole in a code, whatever stands between its parts: SILENT in SILENT NUISANCE.
-- news_code: the opening code where it is outside the misuse list and tells of neither silence nor handset nor
-- duplicate; new from somebody who never had it, it may be another matter than the calls before. Where a source says
-- that every call is misuse and closes none with a code, its opening codes are kinds of misuse and no news.
with

combinations as (
    select
        row_number() over (order by source, closing_code, opening_code, qualifiers, result_code) as combination,
        source, closing_code, opening_code, qualifiers, result_code, is_coded_misuse,
        count(closing_code) over (partition by source) > 0 as has_closing_codes,
        trim(regexp_replace(upper(closing_code), '[^A-Z0-9]+', ' ', 'g')) as closing_words,
        trim(regexp_replace(upper(opening_code), '[^A-Z0-9]+', ' ', 'g')) as opening_words
    from code_verdicts
),

listed_hits as (
    select
        combinations.combination,
        bool_or(rules.list_id = 'silent_or_abandoned') as is_silent,
        bool_or(rules.list_id in ('silent_or_abandoned', 'handset')) as is_wordless,
        bool_or(rules.list_id = 'duplicate' and contains(' ' || closing_words || ' ', ' ' || rules.words || ' '))
            as is_duplicate,
        bool_or(contains(' ' || opening_words || ' ', ' ' || rules.words || ' ')) as is_opening_listed
    from combinations
    inner join rule_lists as rules
        on
            contains(' ' || closing_words || ' ', ' ' || rules.words || ' ')
            or contains(' ' || opening_words || ' ', ' ' || rules.words || ' ')
    where rules.list_id in ('silent_or_abandoned', 'handset', 'duplicate')
    group by combinations.combination
),

-- A source's own list first; then every code that the reviewed list knows, misuse or not.
misuse_words as (
    select distinct source, trim(regexp_replace(upper(code), '[^A-Z0-9]+', ' ', 'g')) as words
    from rule_misuse_codes
    union
    select distinct combinations.source, rule_lists.words
    from combinations
    cross join rule_lists
    where rule_lists.list_id = 'listed'
),

wholly_misuse as (select distinct source from rule_misuse_codes where field = '*'),

final as (
    select
        combinations.source, combinations.closing_code, combinations.opening_code, combinations.qualifiers,
        combinations.result_code, combinations.is_coded_misuse,
        coalesce(listed_hits.is_silent, false) as is_silent,
        coalesce(listed_hits.is_wordless, false) as is_wordless,
        coalesce(listed_hits.is_duplicate, false) as is_duplicate,
        case
            when
                misuse_words.words is null and not coalesce(listed_hits.is_opening_listed, false)
                and (wholly_misuse.source is null or combinations.has_closing_codes)
                then nullif(combinations.opening_words, '')
        end as news_code
    from combinations
    left join listed_hits on combinations.combination = listed_hits.combination
    left join misuse_words
        on combinations.source = misuse_words.source and combinations.opening_words = misuse_words.words
    left join wholly_misuse on combinations.source = wholly_misuse.source
)

select * from final
