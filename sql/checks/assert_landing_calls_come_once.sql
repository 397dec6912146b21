-- Hardly a call of a file was made from the number and at the second of another call of its source, in the file or in
-- already: overlapping extracts of a log without ids of its own would count their calls twice. Under ten chance may do
-- it, and where a log's times have no seconds, a caller who calls twice in a minute does.
-- Of a file of over a million calls one moment in sixteen is looked at, which tells the share as well and costs little.
-- Door: landing
-- Severity: warn
-- Limits: 0 to 0.05
-- Finding: {value:.0%} of the calls with a number are of the number and second of another call: {scopes}
-- Next: compose call_id of what tells calls apart in every extract; misuse batch withdraw takes out what came twice
-- Needs: replaced_batch
with

file as (
    select
        any_value(source) as source,
        min(received_at) as first_at,
        max(received_at) as last_at,
        case when count(*) > 1000000 then 16 else 1 end::ubigint as step
    from landing_calls
),

looked_at as (
    select call_key, hash(number_token, received_at) as moment, second(received_at) > 0 as has_seconds
    from landing_calls
    where number_token is not null and hash(number_token, received_at) % (select step from file) = 0
),

arriving as (
    select moment, count(*) as calls, count_if(has_seconds) as calls_with_seconds
    from looked_at
    group by moment
),

-- What goes out as the file comes in is not counted twice.
held as (
    select distinct hash(number_token, received_at) as moment
    from call_records
    where
        source = (select source from file)
        and received_at between (select first_at from file) and (select last_at from file)
        and number_token is not null
        and hash(number_token, received_at) % (select step from file) = 0
        and batch_id not in (select batch_id from replaced_batch)
        and call_key not in (select call_key from looked_at)
),

doubles as (
    select
        coalesce(sum(case when held.moment is null then arriving.calls - 1 else arriving.calls end), 0) as calls,
        sum(arriving.calls) as all_calls,
        sum(arriving.calls_with_seconds) as calls_with_seconds
    from arriving
    left join held on arriving.moment = held.moment
)

select
    calls * (select step from file) || ' calls' as scope,
    case when calls >= 10 and calls_with_seconds * 2 > all_calls then calls / all_calls else 0 end as value
from doubles
