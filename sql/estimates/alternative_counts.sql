-- One row per other way of reckoning the headline and person whom it might put over the line.
-- Key: kind, way, caller_id. No params. reached is what must come to threshold; misuse_calls is what is added up.
-- Ways: another threshold, window or identity level, episodes for calls, a code less, doubtful or stopped calls too.
with

headline as (
    select
        window_calls.caller_id, window_calls.line_id, window_calls.is_misuse, window_calls.is_stopped,
        coalesce(calls.closing_code, calls.opening_code, 'not recorded') as code, window_calls.threshold
    from window_calls
    inner join calls on window_calls.call_key = calls.call_key
    where window_calls.window_name = 'headline' and window_calls.identity_kind = 'person'
),

settled as (
    select threshold from windows where window_name = 'headline'
),

own as (
    select caller_id, misuse_calls, episodes from caller_counts where window_name = 'headline' and may_persist
),

codes as (
    select code from headline where is_misuse group by code order by count(*) desc, code limit 20
),

by_code as (
    select caller_id, code, count(*) as calls from headline where is_misuse group by caller_id, code
),

levels as (
    select caller_id, any_value(standard_id) as standard_id, any_value(loose_id) as loose_id
    from caller_spells
    where identity_kind = 'person' and caller_id in (select caller_id from own)
    group by caller_id
),

grouped as (
    select
        unnest(['standard', 'loose']) as way, unnest([levels.standard_id, levels.loose_id]) as level_id,
        own.caller_id, own.misuse_calls
    from own
    inner join levels on own.caller_id = levels.caller_id
    union all
    -- All that call on one number count together, its holders told apart or not.
    select 'number' as way, line_id as level_id, caller_id, count(*) as misuse_calls
    from headline
    where is_misuse
    group by caller_id, line_id
),

ways as (
    select
        'threshold' as kind, cast(tried.threshold as varchar) as way, own.caller_id, own.misuse_calls,
        own.misuse_calls as reached, tried.threshold
    from own, (values (5), (8), (9), (11), (12), (15), (20)) as tried (threshold)
    union all
    select
        'window', counts.window_name, counts.caller_id, counts.misuse_calls, counts.misuse_calls as reached,
        settled.threshold
    from caller_counts as counts, settled
    where counts.may_persist and counts.window_name <> 'headline'
    union all
    select 'counting', 'episodes', own.caller_id, own.misuse_calls, own.episodes, settled.threshold
    from own, settled
    union all
    select
        'without code', codes.code, own.caller_id, own.misuse_calls - coalesce(by_code.calls, 0),
        own.misuse_calls - coalesce(by_code.calls, 0) as reached, settled.threshold
    from own
    cross join codes
    cross join settled
    left join by_code on own.caller_id = by_code.caller_id and codes.code = by_code.code
    union all
    select 'counting', 'doubtful too', caller_id, count(*), count(*) as reached, any_value(threshold)
    from headline
    where not is_stopped
    group by caller_id
    union all
    select 'counting', 'doubtful and stopped too', caller_id, count(*), count(*) as reached, any_value(threshold)
    from headline
    group by caller_id
    union all
    select
        'identity', grouped.way, grouped.caller_id, grouped.misuse_calls,
        sum(grouped.misuse_calls) over (partition by grouped.way, grouped.level_id), settled.threshold
    from grouped, settled
),

final as (
    select
        kind, way, caller_id, cast(max(reached) as bigint) as reached, any_value(threshold) as threshold,
        cast(sum(case when reached >= threshold then misuse_calls else 0 end) as bigint) as misuse_calls
    from ways
    group by kind, way, caller_id
)

select * from final
