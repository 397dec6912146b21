-- One row per person whom another way of reckoning puts over the line, or takes from it. Key: kind, way, caller_id.
-- Params: $run_id, $as_of.
with

own as (
    select caller_id, misuse_calls from persistent_callers
),

over_it as (
    select kind, way, caller_id, reached from alternative_counts where reached >= threshold
),

ways as (
    select distinct kind, way from alternative_counts
),

moved as (
    select kind, way, caller_id, 'entered' as movement
    from over_it
    where caller_id not in (select caller_id from own)
    union all
    select ways.kind, ways.way, own.caller_id, 'left' as movement
    from own
    cross join ways
    left join over_it on ways.kind = over_it.kind and ways.way = over_it.way and own.caller_id = over_it.caller_id
    where over_it.caller_id is null
),

final as (
    select cast($run_id as varchar) as run_id, cast($as_of as date) as as_of, kind, way, caller_id, movement
    from moved
)

select * from final
