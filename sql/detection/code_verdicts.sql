-- One row per combination of codes in the log. Key: the five code columns. Param: $end_at.
-- Judging combinations, of which there are few, instead of calls keeps the folding of codes cheap.
-- An opening code decides only where there is no closing code, or one that says it is not known: what a call seemed
-- gives way to what it was. doubt_kind: contradicted by a result or qualifier, defaulted by nobody's choice, or
-- unknown: another field alone says misuse, while the closing code is not known, or blank on a source that gives one to
-- most calls.
with

combinations as (
    select
        row_number() over (order by source, closing_code, opening_code, qualifiers, result_code) as combination,
        *,
        sum(case when closing_code is not null then calls else 0 end) over (partition by source) * 2
        > sum(calls) over (partition by source) as has_closing_codes
    from (
        select source, closing_code, opening_code, qualifiers, result_code, count(*) as calls
        from call_records
        where received_at < cast($end_at as timestamp)
        group by source, closing_code, opening_code, qualifiers, result_code
    ) as combos
),

facets as (
    select combination, source, 'closing_code' as field, closing_code as code
    from combinations
    where closing_code is not null or has_closing_codes
    union all
    select combination, source, 'opening_code' as field, opening_code as code
    from combinations
    where opening_code is not null
    union all
    select combination, source, 'result_code' as field, result_code as code
    from combinations
    where result_code is not null
    union all
    select combination, source, 'qualifiers' as field, unnest(string_split(qualifiers, ';')) as code
    from combinations
    union all
    select combination, source, '*' as field, '*' as code
    from combinations
),

folded as (
    select
        combination, source, field, folded_code(coalesce(code, '')) as code,
        regexp_replace(upper(coalesce(code, '')), '[^\p{L}\p{N}]+', ' ', 'g') || ' ' as words
    from facets
),

misuse_hits as (
    select folded.combination, folded.field
    from folded
    inner join rule_misuse_codes as rules
        on
            folded.source = rules.source and folded.field = rules.field
            and folded.code = folded_code(rules.code)
),

doubt_hits as (
    select folded.combination, min(rules.kind) as kind, bool_or(rules.kind = 'unknown') as is_unknown
    from folded
    inner join rule_doubts as rules
        on
            folded.source = rules.source and folded.field = rules.field
            and (
                folded.code = folded_code(coalesce(rules.code, ''))
                -- Need that a result begins with is need, whatever the log says behind it.
                or rules.kind = 'contradicted'
                and starts_with(
                    ltrim(folded.words), regexp_replace(upper(rules.code), '[^\p{L}\p{N}]+', ' ', 'g') || ' '
                )
            )
    group by folded.combination
),

coded as (
    select misuse_hits.combination, bool_or(misuse_hits.field = '*') as is_by_source
    from misuse_hits
    inner join combinations on misuse_hits.combination = combinations.combination
    left join doubt_hits on misuse_hits.combination = doubt_hits.combination
    where misuse_hits.field <> 'opening_code' or combinations.closing_code is null or doubt_hits.is_unknown
    group by misuse_hits.combination
),

final as (
    select
        combinations.source, combinations.closing_code, combinations.opening_code, combinations.qualifiers,
        combinations.result_code,
        coded.combination is not null as is_coded_misuse,
        case
            when coded.combination is not null and not (doubt_hits.kind = 'unknown' and coded.is_by_source)
                then doubt_hits.kind
        end as doubt_kind
    from combinations
    left join coded on combinations.combination = coded.combination
    left join doubt_hits on combinations.combination = doubt_hits.combination
)

select * from final
