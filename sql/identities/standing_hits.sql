-- One row per hit by which a rule stops a caller in this run, or one of the caller's calls. Key: caller_id, rule_id,
-- hit. No params. hit as in rule_reach; of a pattern, the call that it bars. A lift is of just these. Calls that carry
-- a marker stay barred whatever is lifted, and are hits here only while the rule reaches their caller. In the order in
-- which the casebook keeps them.
with

hits as (
    select caller_id, rule_id, hit
    from stop_reach
    where is_stop and rule_id <> 'person'
    union
    select call_hits.caller_id, call_hits.rule_id, cast(call_hits.call_key as varchar) as hit
    from call_hits
    inner join rule_stops on call_hits.rule_id = rule_stops.rule_id and rule_stops.pattern in ('new_content', 'burst')
    where call_hits.is_stop
),

final as (
    select * from hits where caller_id is not null
)

select * from final
order by caller_id, rule_id, hit
