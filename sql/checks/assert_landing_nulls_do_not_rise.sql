-- No column that the source used to fill is empty now, and none that the layout maps is empty throughout.
-- The value is the rise in a column's share of nulls over the year before. Few rows say nothing, so under 30 are not
-- judged.
-- Door: landing
-- Severity: warn
-- Limits: 0 to null_share
-- Finding: a column is empty though mapped, or its nulls rise by up to {value:.0%} of the rows: {scopes}
-- Next: compare the file's headings with the layout: `misuse source check` shows what each column yields
-- Params: $mapped.
with

names as (
    select [
        'answered_at', 'ended_at', 'talk_seconds', 'wrap_seconds', 'cli', 'opening_code', 'closing_code',
        'qualifiers', 'result_code', 'grade', 'borough', 'ward', 'units_assigned', 'unit_seconds'
    ] as columns
),

landing as (
    select
        count(*) as rows,
        [
            count(answered_at), count(ended_at), count(talk_seconds), count(wrap_seconds), count(number_token),
            count(opening_code), count(closing_code), count(qualifiers), count(result_code), count(grade),
            count(borough), count(ward), count(units_assigned), count(unit_seconds)
        ] as filled
    from landing_calls
),

earlier as (
    select
        count(*) as rows,
        [
            count(answered_at), count(ended_at), count(talk_seconds), count(wrap_seconds), count(number_token),
            count(opening_code), count(closing_code), count(qualifiers), count(result_code), count(grade),
            count(borough), count(ward), count(units_assigned), count(unit_seconds)
        ] as filled
    from call_records
    where
        source in (select source from landing_calls)
        and received_at > (select max(received_at) - interval 365 day from landing_calls)
),

columns as (
    select
        landing.rows,
        unnest(names.columns) as name,
        1 - unnest(landing.filled) / greatest(landing.rows, 1) as null_share,
        1 - unnest(earlier.filled) / nullif(earlier.rows, 0) as null_share_before
    from names, landing, earlier
)

select
    name as scope,
    case
        when rows < 30 then 0.0
        when null_share = 1 and list_contains($mapped::varchar[], name) then 1.0
        else greatest(null_share - coalesce(null_share_before, 1), 0.0)
    end as value
from columns
