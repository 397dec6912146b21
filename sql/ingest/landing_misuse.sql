-- One row: whether any call about to go in is coded misuse. Params: $source.
-- As sql/detection/code_verdicts.sql decides it, on distinct codes, so that it costs little.
with

combinations as (
    select distinct closing_code, opening_code, qualifiers, result_code from landing_calls
),

facets as (
    select 'closing_code' as field, closing_code as code from combinations
    union
    select 'opening_code' as field, opening_code as code
    from combinations
    where
        closing_code is null
        or folded_code(closing_code) in (
            select folded_code(coalesce(code, '')) from rule_doubts
            where source = $source and field = 'closing_code' and kind = 'unknown'
        )
    union
    select 'result_code' as field, result_code as code from combinations
    union
    select 'qualifiers' as field, unnest(string_split(qualifiers, ';')) as code from combinations
    union
    select '*' as field, '*' as code
)

select count(*) > 0 as is_any_coded_misuse
from facets
inner join rule_misuse_codes as rules
    on
        rules.source = $source and facets.field = rules.field
        and folded_code(facets.code) = folded_code(rules.code)
