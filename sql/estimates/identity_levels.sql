-- One row per window, figure and looser level of identity, as in estimates. Key: estimate, window_name, counted_by.
-- Params: $run_id, $as_of. The headline is strict: what the program joins by itself. standard joins suggestions that
-- are more likely right than not too, loose every suggestion. Shared lines and premises are joined at no level.
with

levels as (
    select caller_id, any_value(standard_id) as standard, any_value(loose_id) as loose
    from caller_spells
    where identity_kind = 'person' and caller_id in (select caller_id from caller_windows)
    group by caller_id
),

counted as (
    select
        caller_windows.window_name, caller_windows.misuse_calls,
        unnest(['standard', 'loose']) as level, unnest([levels.standard, levels.loose]) as level_id
    from caller_windows
    inner join levels on caller_windows.caller_id = levels.caller_id
),

sums as (
    select window_name, level, level_id, sum(misuse_calls) as misuse_calls
    from counted
    group by window_name, level, level_id
),

persistent as (
    select
        windows.window_name, names.level, count(sums.level_id) as callers,
        cast(coalesce(sum(sums.misuse_calls), 0) as bigint) as calls
    from windows
    cross join (values ('standard'), ('loose')) as names (level)
    left join sums
        on
            windows.window_name = sums.window_name
            and names.level = sums.level
            and windows.threshold <= sums.misuse_calls
    group by windows.window_name, names.level
),

totals as (
    select windows.window_name, count(window_calls.call_key) as misuse_calls
    from windows
    left join window_calls on windows.window_name = window_calls.window_name and window_calls.is_misuse
    group by windows.window_name
),

figures as (
    select
        persistent.window_name, persistent.level as counted_by,
        unnest(['persistent_callers', 'persistent_misuse_calls', 'share_of_misuse']) as estimate,
        unnest(['callers', 'calls', 'share']) as unit,
        unnest([
            cast(persistent.callers as double), cast(persistent.calls as double),
            persistent.calls / nullif(totals.misuse_calls, 0)
        ]) as point,
        unnest([null, null, cast(persistent.calls as double)]) as numerator,
        unnest([null, null, cast(totals.misuse_calls as double)]) as denominator
    from persistent
    inner join totals on persistent.window_name = totals.window_name
),

final as (
    select
        cast($run_id as varchar) as run_id, cast($as_of as date) as as_of, estimate, window_name, counted_by, unit,
        point, cast(null as double) as low, cast(null as double) as high, cast(null as double) as bound_low,
        cast(null as double) as bound_high, numerator, denominator,
        'Counted, not estimated: callers as they would be if '
        || case counted_by
            when 'standard' then 'every suggested link more likely right than not were confirmed'
            else 'every suggested link were confirmed'
        end as method
    from figures
)

select * from final
