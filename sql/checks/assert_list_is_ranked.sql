-- The list's ranks run from 1 without a gap, and nobody stands above a caller with more misuse calls.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} ranks are out of order: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
with

ranked as (
    select
        rank,
        row_number() over (order by rank) as expected_rank,
        misuse_calls_window,
        lead(misuse_calls_window) over (order by rank) as misuse_calls_after
    from tasking_list
)

select 'gaps' as scope, count(*) filter (where rank is distinct from expected_rank)::double as value
from ranked
union all
select 'order' as scope, count(*) filter (where misuse_calls_after > misuse_calls_window)::double as value
from ranked
