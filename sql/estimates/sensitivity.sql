-- One row per other way of reckoning the headline: how the list and the share would move. Key: kind, way.
-- Params: $run_id, $as_of.
with

headline as (
    select
        count(*) filter (where is_misuse) as misuse, count(*) filter (where not is_stopped) as with_doubtful,
        count(*) as coded
    from window_calls
    where window_name = 'headline'
),

own as (
    select share from bridge where window_name = 'headline' and step = 'after_linkage'
),

by_window as (
    select window_name, sum(misuse_calls) as misuse_calls from caller_counts group by window_name
),

by_code as (
    select value as code, misuse_calls from misuse_parts where part = 'code'
),

tallies as (
    select
        kind, way, any_value(threshold) as threshold, count(*) filter (where reached >= threshold) as callers,
        cast(sum(misuse_calls) as bigint) as persistent_misuse_calls
    from alternative_counts
    group by kind, way
),

moved as (
    select
        kind, way, count(*) filter (where movement = 'entered') as entered,
        count(*) filter (where movement = 'left') as left_it
    from sensitivity_callers
    group by kind, way
),

-- By number it is numbers that are over the line, of which a person may have several and several persons one.
numbers as (
    select point as callers
    from estimates
    where estimate = 'persistent_callers' and window_name = 'headline' and counted_by = 'number'
),

wholes as (
    select
        tallies.* replace (
            if(
                tallies.kind = 'identity' and tallies.way = 'number', cast(numbers.callers as bigint), tallies.callers
            ) as callers
        ),
        case
            when tallies.kind = 'window' then by_window.misuse_calls
            when tallies.kind = 'without code' then headline.misuse - by_code.misuse_calls
            when tallies.way = 'doubtful too' then headline.with_doubtful
            when tallies.way = 'doubtful and stopped too' then headline.coded
            else headline.misuse
        end as misuse_calls
    from tallies
    cross join headline
    left join numbers on true
    left join by_window on tallies.kind = 'window' and tallies.way = by_window.window_name
    left join by_code on tallies.kind = 'without code' and tallies.way = by_code.code
),

final as (
    select
        cast($run_id as varchar) as run_id, cast($as_of as date) as as_of, wholes.kind, wholes.way,
        wholes.threshold, wholes.callers, coalesce(moved.entered, 0) as entered, coalesce(moved.left_it, 0) as left_it,
        wholes.persistent_misuse_calls, cast(wholes.misuse_calls as bigint) as misuse_calls,
        wholes.persistent_misuse_calls / nullif(wholes.misuse_calls, 0) as share,
        wholes.persistent_misuse_calls / nullif(wholes.misuse_calls, 0) - own.share as share_change
    from wholes
    cross join own
    left join moved on wholes.kind = moved.kind and wholes.way = moved.way
)

select * from final
