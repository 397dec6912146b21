-- One row per dimension, group and measure: how many, of how many. Key: dimension, group, measure. No params. Persons
-- over the threshold, stopped and on the look list are of those with a coded misuse call; lanes of those on the
-- tasking list; doubtful and stopped calls of the coded ones. Where calls were coded again by two people, who agreed
-- or a third settled it: how many of those coded misuse were none, and of those otherwise coded were misuse; of the
-- calls drawn.
with

latest as (
    select *
    from casebook_coded_calls
    qualify row_number() over (partition by call_key order by position desc) = 1
),

verdicts as (
    select
        calls.caller_id, latest.kind,
        case when latest.first_verdict = latest.second_verdict then latest.first_verdict else latest.settled_verdict end
            as verdict
    from latest
    inner join calls on latest.call_key = calls.call_key
),

coded_again as (
    select
        equality_groups.dimension, equality_groups.group_name,
        count(*) filter (where verdicts.kind = 'misuse') as misuse,
        count(*) filter (where verdicts.kind = 'misuse' and verdicts.verdict = 'not_misuse') as wrongly_misuse,
        count(*) filter (where verdicts.kind = 'other') as others,
        count(*) filter (where verdicts.kind = 'other' and verdicts.verdict = 'misuse') as missed
    from equality_groups
    inner join verdicts on equality_groups.caller_id = verdicts.caller_id
    where verdicts.verdict in ('misuse', 'not_misuse')
    group by equality_groups.dimension, equality_groups.group_name
),

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

told as (
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
    union all
    select
        dimension, group_name, unnest(['coded misuse, found not to be', 'coded otherwise, found misuse']) as measure,
        unnest([wrongly_misuse, missed]) as value, unnest([misuse, others]) as of_all
    from coded_again
),

final as (
    select * from told
    where of_all > 0 or not starts_with(measure, 'coded ')
)

select * from final
