-- One row per caller whose calls of the headline window a faulty handset or line may explain: how many of them a rule
-- about such faults hit. Key: caller_id. No params. A rule has to have hit, and of the calls coded misuse at least half
-- have to be wordless or hit: one burst among hundreds of calls with words explains nothing. What somebody lifted is no
-- hit any more (sql/detection/call_hits.sql).
with

faults as (
    select distinct call_hits.call_key
    from call_hits
    inner join rule_stops on call_hits.rule_id = rule_stops.rule_id
    where rule_stops.is_fault
),

tallies as (
    select
        calls.caller_id,
        count(*) filter (where faults.call_key is not null) as fault_calls,
        count(*) filter (where calls.is_coded_misuse) as coded_calls,
        count(*) filter (where calls.is_coded_misuse and (calls.is_wordless or faults.call_key is not null)) as alike
    from call_contents as calls
    inner join windows
        on
            windows.window_name = 'headline'
            and calls.received_at >= windows.window_from and calls.received_at < windows.window_to
    left join faults on calls.call_key = faults.call_key
    where calls.caller_id is not null
    group by calls.caller_id
),

final as (
    select caller_id, fault_calls
    from tallies
    where fault_calls > 0 and alike * 2 >= coded_calls
)

select * from final
