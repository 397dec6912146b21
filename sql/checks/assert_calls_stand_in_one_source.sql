-- Hardly a misuse call of one source was made from the line and at the moment of one of another source: two logs of
-- the same calls would count each twice. Moments are one within ten seconds; under three such calls chance may do it.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0.05
-- Finding: up to {value:.0%} of the misuse calls of a source stand in another too: {scopes}
-- Next: withdraw the files of one of the two (misuse batch list), or declare one of them without misuse codes
with

misuse as (
    select source, line_id, received_at from calls where is_misuse and line_id is not null
),

moments as (
    select
        source, received_at, lag(source) over line as source_before, lag(received_at) over line as received_before
    from misuse
    window line as (partition by line_id order by received_at, source)
),

doubles as (
    select least(source, source_before) as one, greatest(source, source_before) as other, count(*) as calls
    from moments
    where source <> source_before and received_at - received_before <= interval 10 seconds
    group by all
    having count(*) >= 3
),

totals as (
    select source, count(*) as calls from misuse group by source
)

select doubles.one || ' and ' || doubles.other as scope, doubles.calls / least(ones.calls, others.calls) as value
from doubles
inner join totals as ones on doubles.one = ones.source
inner join totals as others on doubles.other = others.source
union all
select 'all sources' as scope, 0 as value
