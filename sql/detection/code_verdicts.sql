-- One row per combination of codes in the log. Key: the five code columns. No params.
-- Judging combinations, of which there are few, instead of calls keeps the folding of codes cheap.
-- An opening code decides only where there is no closing code: what a call seemed gives way to what it was.
with

combinations as (
    select
        row_number() over (order by source, closing_code, opening_code, qualifiers, result_code) as combination,
        *
    from (select distinct source, closing_code, opening_code, qualifiers, result_code from call_records) as combos
),

facets as (
    select combination, source, 'closing_code' as field, closing_code as code
    from combinations
    union all
    select combination, source, 'opening_code' as field, opening_code as code
    from combinations
    union all
    select combination, source, 'result_code' as field, result_code as code
    from combinations
    union all
    select combination, source, 'qualifiers' as field, unnest(string_split(qualifiers, ';')) as code
    from combinations
    union all
    select combination, source, '*' as field, '*' as code
    from combinations
),

folded as (
    select combination, source, field, upper(trim(regexp_replace(code, '[\s_-]+', ' ', 'g'))) as code
    from facets
    where code is not null
),

misuse_hits as (
    select folded.combination, folded.field
    from folded
    inner join rule_misuse_codes as rules
        on
            folded.source = rules.source and folded.field = rules.field
            and folded.code = upper(trim(regexp_replace(rules.code, '[\s_-]+', ' ', 'g')))
),

doubt_hits as (
    select distinct folded.combination
    from folded
    inner join rule_doubts as rules
        on
            folded.source = rules.source and folded.field = rules.field
            and folded.code = upper(trim(regexp_replace(rules.code, '[\s_-]+', ' ', 'g')))
),

coded as (
    select distinct misuse_hits.combination
    from misuse_hits
    inner join combinations on misuse_hits.combination = combinations.combination
    where misuse_hits.field <> 'opening_code' or combinations.closing_code is null
),

final as (
    select
        combinations.source, combinations.closing_code, combinations.opening_code, combinations.qualifiers,
        combinations.result_code,
        coded.combination is not null as is_coded_misuse,
        coded.combination is not null and doubt_hits.combination is not null as is_contradicted
    from combinations
    left join coded on combinations.combination = coded.combination
    left join doubt_hits on combinations.combination = doubt_hits.combination
)

select * from final
