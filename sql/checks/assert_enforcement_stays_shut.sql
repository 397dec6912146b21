-- Enforcement is proposed for nobody for whom anything bars it, and never rests on a link that no person confirmed.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} rows of the list open enforcement against a bar: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
-- Params: $threshold.
select
    'proposed though barred' as scope,
    count(*) filter (where lane = 'enforcement' and len(enforcement_bars) > 0)::double as value
from tasking_list
union all
select
    'too few calls without unconfirmed links, and no bar',
    count(*) filter (where misuse_calls_confirmed < $threshold and coalesce(len(enforcement_bars), 0) = 0)::double
from tasking_list
union all
select
    'more confirmed calls than calls',
    count(*) filter (where misuse_calls_confirmed > misuse_calls_window)::double
from tasking_list
