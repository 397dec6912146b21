-- One row: how many callers there are by the model in force and by the candidate, how many stay just as they are, how
-- many callers are merged and split, and how many persons reach $threshold misuse calls either way. Params: $threshold.
with

callers_by_then as (
    select
        caller_then as caller_id, sum(misuse_calls) >= cast($threshold as integer) as is_persistent,
        min(caller_now) as first_now, max(caller_now) as last_now
    from spell_changes
    group by caller_then
),

callers_by_now as (
    select
        caller_now as caller_id, sum(misuse_calls) >= cast($threshold as integer) as is_persistent,
        min(caller_then) as first_then, max(caller_then) as last_then
    from spell_changes
    group by caller_now
),

final as (
    select
        (select count(*) from callers_by_then) as callers_then,
        (select count(*) from callers_by_now) as callers_now,
        (select count(*) from callers_by_then where first_now = caller_id and last_now = caller_id) as stay,
        (select count(*) from callers_by_now where first_then <> last_then) as merged,
        (select count(*) from callers_by_then where first_now <> last_now) as split,
        (select count(*) from callers_by_then where is_persistent) as persistent_then,
        (select count(*) from callers_by_now where is_persistent) as persistent_now
)

select * from final
