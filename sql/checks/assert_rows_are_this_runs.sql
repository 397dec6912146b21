-- Every row that names a run or an as-of names this run's.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: {value:.0f} rows are another run's: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
-- Params: $run_id, $as_of.
with

stamps as (
    select 'persistent_callers' as relation, run_id, as_of from persistent_callers
    union all
    select 'windows', run_id, as_of from windows
    union all
    select 'estimates', run_id, as_of from estimates
    union all
    select 'code_error_rates', run_id, as_of from code_error_rates
    union all
    select 'caller_chances', run_id, as_of from caller_chances
    union all
    select 'bridge', run_id, as_of from bridge
    union all
    select 'misuse_parts', run_id, as_of from misuse_parts
    union all
    select 'window_thresholds', run_id, as_of from window_thresholds
    union all
    select 'lorenz', run_id, as_of from lorenz
    union all
    select 'rank_stability', run_id, as_of from rank_stability
    union all
    select 'tasking_list', run_id, as_of from tasking_list
    union all
    select 'look_list', run_id, as_of from look_list
    union all
    select 'stopped_calls_of_nobody', run_id, as_of from stopped_calls_of_nobody
)

select
    relation as scope,
    count(*) filter (where run_id is distinct from $run_id or as_of is distinct from $as_of::date)::double as value
from stamps
group by relation
union all
select 'runs' as scope, (1 - count(*))::double as value
from runs
where run_id = $run_id and as_of = $as_of::date
