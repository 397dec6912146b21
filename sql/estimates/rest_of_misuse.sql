-- Rows of estimates: misuse that is not a persistent caller's, by who made it, and what of it 101 would have served.
-- One row per figure. Key: estimate. Params: $run_id, $as_of.
with

sums as (
    select
        sum(misuse_calls) as every, sum(below_misuse_calls) as below, sum(apart_misuse_calls) as apart,
        sum(unidentified_misuse_calls) as unidentified,
        sum(misuse_calls) filter (where value = 'yes') as served,
        sum(below_misuse_calls) filter (where value = 'yes') as below_served,
        sum(misuse_calls) filter (where value = 'not recorded') as unknown,
        sum(below_misuse_calls) filter (where value = 'not recorded') as below_unknown
    from misuse_parts
    where part = '101 would have served'
),

callers as (
    select count(*) as below
    from caller_counts
    inner join windows on windows.window_name = 'headline' and caller_counts.misuse_calls < windows.threshold
    where caller_counts.window_name = 'headline' and caller_counts.may_persist
),

figures as (
    select
        unnest([
            'callers_below', 'misuse_calls_below', 'misuse_calls_apart', 'misuse_calls_101', 'misuse_calls_below_101'
        ]) as estimate,
        unnest(['callers', 'calls', 'calls', 'calls', 'calls']) as unit,
        unnest([callers.below, sums.below, sums.apart, sums.served, sums.below_served]) as point,
        unnest([
            'persons with a misuse call and fewer than the threshold',
            'their misuse calls; with those of persistent callers, of shared lines and of nobody known, all misuse',
            'misuse calls of shared lines and premises',
            'misuse calls that 101 would have served: code of an inappropriate call, units assigned none, '
            || 'grade not urgent; a rule of thumb',
            'of the misuse calls of persons below the threshold, those that 101 would have served, '
            || 'by the same rule'
        ]) as method,
        unnest([0, 0, 0, coalesce(sums.unknown, 0), coalesce(sums.below_unknown, 0)]) as unknown
    from sums
    cross join callers
),

-- Not nought where of no call that might be among them it is recorded whether a unit went; else up to so many more.
told as (
    select
        * exclude (method),
        case
            when unknown = 0 then method
            when coalesce(point, 0) = 0 then 'not reckoned: the log does not tell whether a unit went'
            else method || '; of ' || unknown || ' more it is not recorded whether a unit went'
        end as method
    from figures
),

final as (
    select
        cast($run_id as varchar) as run_id, cast($as_of as date) as as_of, estimate, 'headline' as window_name,
        'caller' as counted_by, unit,
        case when unknown = 0 or point > 0 then cast(coalesce(point, 0) as double) end as point,
        cast(null as double) as low, cast(null as double) as high,
        case when unknown > 0 then cast(coalesce(point, 0) as double) end as bound_low,
        case when unknown > 0 then cast(coalesce(point, 0) + unknown as double) end as bound_high,
        cast(null as double) as numerator, cast(null as double) as denominator, method
    from told
)

select * from final
