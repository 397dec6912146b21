-- A share lies between nothing and all, and an estimate within its interval and its bounds.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} figures cannot be: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
select
    'estimated shares outside 0 to 1' as scope,
    count(*) filter (
        where list_min([point, low, high, bound_low, bound_high]) < 0
        or list_max([point, low, high, bound_low, bound_high]) > 1
    )::double as value
from estimates
where unit = 'share'
union all
select 'points outside their interval', count(*) from estimates where low > high or point < low or point > high
union all
select 'points outside their bounds', count(*) from estimates
where bound_low > bound_high or point < bound_low or point > bound_high
union all
select 'amounts below nothing', count(*) from estimates
where point < 0 and unit not like '%difference' and unit <> 'relative_change'
union all
select 'window_thresholds', count(*) from window_thresholds
where share < 0 or share > 1 or low > share or high < share or low < 0 or high > 1
union all
select 'lorenz', count(*) from lorenz
where share_of_calls < 0 or share_of_calls > 1 or low > share_of_calls or high < share_of_calls
union all
select 'code_error_rates', count(*) from code_error_rates
where low < 0 or misuse_share < low or misuse_share > high or high > 1
union all
select 'caller_chances', count(*) from caller_chances where p_at_least_threshold < 0 or p_at_least_threshold > 1
union all
select 'bridge', count(*) from bridge where share < 0 or share > 1
union all
select 'persistent_callers', count(*) from persistent_callers where share_of_misuse < 0 or share_of_misuse > 1
union all
select 'concentration', count(*) from concentration
where list_min([share_of_callers, share_of_calls]) < 0 or list_max([share_of_callers, share_of_calls]) > 1 + 1e-9
