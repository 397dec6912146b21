-- The headline can only grow from the strict count of callers to the standard and the loose one, never fall.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: a looser level of identity counts up to {value:.0f} fewer misuse calls: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
with

figures as (
    select
        window_name,
        max(point) filter (where counted_by = 'caller') as strict,
        max(point) filter (where counted_by = 'standard') as standard,
        max(point) filter (where counted_by = 'loose') as loose
    from estimates
    where estimate = 'persistent_misuse_calls'
    group by window_name
)

select 'standard under strict' as scope, coalesce(max(greatest(strict - standard, 0)), 0)::double as value
from figures
union all
select 'loose under standard', coalesce(max(greatest(standard - loose, 0)), 0)::double
from figures
union all
select
    'without a figure for each',
    count(*) filter (where strict is null or standard is null or loose is null)::double
from figures
