-- Every published relation's key is whole and comes once.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} rows have a null or repeated key: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
select 'calls' as scope, (count(*) - count(distinct call_key))::double as value from calls
union all
select 'callers', count(*) - count(distinct caller_id) from callers
union all
select 'caller_windows', count(*) - count(distinct caller_id || ' ' || window_name) from caller_windows
union all
select 'caller_spells', count(*) - count(distinct spell_id) from caller_spells
union all
select 'caller_links', count(*) - count(distinct spell_a || ' ' || spell_b) from caller_links
union all
select 'windows', count(*) - count(distinct window_name) from windows
union all
select 'persistent_callers', count(*) - count(distinct caller_id) from persistent_callers
union all
select 'tasking_list by case', count(*) - count(distinct case_ref) from tasking_list
union all
select 'estimates', count(*) - count(distinct estimate || ' ' || window_name || ' ' || counted_by) from estimates
union all
select 'code_error_rates', count(*) - count(distinct is_frequent || '|' || kind || '|' || stratum) from code_error_rates
union all
select 'caller_chances', count(*) - count(distinct caller_id) from caller_chances
union all
select 'bridge', count(*) - count(distinct window_name || ' ' || step_number) from bridge
union all
select 'concentration', count(*) - count(distinct misuse_calls) from concentration
union all
select 'misuse_monthly', count(*) - count(distinct month) from misuse_monthly
union all
select 'misuse_parts', count(*) - count(distinct part || '|' || value) from misuse_parts
union all
select 'window_thresholds', count(*) - count(distinct window_name || '|' || counted || '|' || threshold)
from window_thresholds
union all
select 'lorenz', count(*) - count(distinct share_of_callers) from lorenz
union all
select 'rank_stability', count(*) - count(distinct caller_id) from rank_stability
union all
select 'control_charts', count(*) - count(distinct split || '|' || value || '|' || measure || '|' || month)
from control_charts
union all
select 'campaign_effects', count(*) - count(distinct campaign || '|' || figure) from campaign_effects
union all
select 'campaign_series', count(*) - count(distinct campaign || '|' || week) from campaign_series
union all
select 'sensitivity', count(*) - count(distinct kind || '|' || way) from sensitivity
union all
select 'sensitivity_callers', count(*) - count(distinct kind || '|' || way || '|' || caller_id) from sensitivity_callers
union all
select 'list_differences', count(*) - count(distinct caller_id || ' ' || coalesce(previous_caller_id, ''))
from list_differences
union all
select 'reason_totals', count(*) - count(distinct reason) from reason_totals
union all
select 'equality', count(*) - count(distinct dimension || '|' || group_name || '|' || measure) from equality
union all
select 'tasking_list', count(*) - count(distinct caller_id) from tasking_list
union all
select 'look_list', count(*) - count(distinct caller_id) from look_list
union all
select 'stopped_calls_of_nobody', count(*) - count(distinct call_key) from stopped_calls_of_nobody
union all
select 'shared_lines', count(*) - count(distinct caller_id) from shared_lines
union all
select 'shared_line_suggestions', count(*) - count(distinct spell_id) from shared_line_suggestions
union all
select 'cases', count(*) - count(distinct case_ref) from cases
union all
select 'case_moves', count(*) - count(distinct move_id) from case_moves
union all
select
    'caller_changes', count(*) - count(distinct caller_id || '|' || other_caller_id || '|' || change || '|' || run_id)
from caller_changes
union all
select 'demand_daily', count(*) - count(distinct local_date || '|' || channel || '|' || borough) from demand_daily
union all
select 'batches', count(*) - count(distinct batch_id) from batches
union all
select 'runs', count(*) - count(distinct run_id) from runs
