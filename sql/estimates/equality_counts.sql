-- One row per dimension, group and measure: how many, of how many. Key: dimension, group, measure. No params.
-- Persons over the threshold, stopped and on the look list are of those with a coded misuse call; lanes of those on the
-- tasking list; doubtful and stopped calls of the coded ones.
with

tallies as (
    select
        dimension, group_name, count(*) as persons, count(*) filter (where is_persistent) as persistent,
        count(*) filter (where is_stopped) as stopped, count(*) filter (where is_looked_at) as looked_at,
        count(lane) as listed, count(*) filter (where lane = 'technical') as technical,
        count(*) filter (where lane = 'support') as support, count(*) filter (where lane = 'engagement') as engagement,
        count(*) filter (where lane = 'enforcement') as enforcement, sum(coded_misuse_calls) as coded_calls,
        sum(doubtful_calls) as doubtful_calls, sum(stopped_calls) as stopped_calls
    from equality_groups
    group by dimension, group_name
),

final as (
    select
        dimension, group_name,
        unnest([
            'persons over the threshold', 'persons stopped', 'persons on the look list', 'persons on the tasking list',
            'lane technical', 'lane support', 'lane engagement', 'lane enforcement', 'doubtful calls', 'stopped calls'
        ]) as measure,
        unnest([
            persistent, stopped, looked_at, listed, technical, support, engagement, enforcement,
            cast(doubtful_calls as bigint), cast(stopped_calls as bigint)
        ]) as value,
        unnest([
            persons, persons, persons, persons, listed, listed, listed, listed, cast(coded_calls as bigint),
            cast(coded_calls as bigint)
        ]) as of_all
    from tallies
)

select * from final
