-- A cell of the closing or the opening code holds one code: several in one are none of the misuse list, though one is.
-- A cell that the list has as it stands is a code. Counts alone are told, of distinct codes, of which there are few.
-- Door: landing
-- Severity: warn
-- Limits: 0 to 0.001
-- Finding: {value:.1%} of the calls have a misuse code beside another in one cell and do not count as misuse ({scopes})
-- Next: split the column, or rename such cells under [sources.NAME.codes] to the code that is to count
-- Needs: rule_misuse_codes
with

combinations as (
    select source, closing_code, opening_code, count(*) as calls
    from landing_calls
    group by source, closing_code, opening_code
),

deciding as (
    select
        source,
        case when closing_code is null then 'opening_code' else 'closing_code' end as field,
        coalesce(closing_code, opening_code) as code,
        sum(calls) as calls
    from combinations
    group by all
),

listed as (
    select source, field, folded_code(code) as code
    from rule_misuse_codes
),

cells as (
    select
        source, field, code, calls,
        list_transform(
            list_concat([code], string_split_regex(code, '[;,|/]')),
            lambda part: folded_code(part)
        ) as parts
    from deciding
    where regexp_matches(code, '[;,|/]') and source not in (select source from listed where field = '*')
),

-- The first part is the whole cell.
hidden as (
    select cells.code, any_value(cells.calls) as calls
    from cells
    inner join listed on cells.source = listed.source and cells.field = listed.field
    group by cells.source, cells.field, cells.code
    having not bool_or(listed.code = cells.parts[1]) and bool_or(list_contains(cells.parts[2:], listed.code))
)

select
    count(distinct code) || ' different cells' as scope,
    coalesce(sum(calls), 0) / greatest((select sum(calls) from combinations), 1) as value
from hidden
