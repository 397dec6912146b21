-- The markers of a file are mostly such as some safeguard looks for: one that none knows bars nobody.
-- Counts alone are told: a marker is the vault's.
-- Door: landing
-- Severity: warn
-- Limits: 0 to unknown_marker_share
-- Finding: {value:.1%} of the calls with markers bear one that no safeguard knows ({scopes}): it stops no call
-- Next: rename the log's words under [sources.NAME.codes.markers] to the safeguards' own, or to "" what bars nothing
-- Needs: rule_hard_stops parsed_rows
with

lists as (
    select markers, count(*) as calls
    from parsed_rows
    where markers is not null
    group by markers
),

parts as (
    select distinct markers, unnest(string_split_regex(markers, '[;|,\n\r\t]+')) as marker
    from lists
),

needles as (
    select distinct unnest(marker_needles(marker)) as needle from rule_hard_stops
),

texts as (
    select markers, marker, marker_text(marker) as text
    from parts
    where regexp_matches(marker, '[\p{L}\p{N}]')
),

known as (
    select distinct texts.marker
    from (select distinct marker, text from texts) as texts
    inner join needles on contains(texts.text, needles.needle)
),

unknown as (
    select texts.markers, texts.marker
    from texts
    left join known on texts.marker = known.marker
    where known.marker is null
),

counted as (
    select
        (select count(distinct marker) from unknown) as unknown_markers,
        coalesce(sum(calls) filter (where markers in (select markers from unknown)), 0) as calls,
        sum(calls) as marked_calls
    from lists
)

select unknown_markers || ' markers on ' || calls || ' calls' as scope, calls / marked_calls as value
from counted
where marked_calls > 0
union all
select 'no markers' as scope, 0.0 as value
