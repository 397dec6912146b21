-- One row per reason for which calls came to the headline, or left it, since the run before: what it would be without
-- them. Key: reason. No params. Late data are one of the reasons.
with

settled as (
    select
        any_value(windows.threshold) as threshold, sum(counts.misuse_calls) as misuse_calls,
        count(*) filter (where counts.may_persist and counts.misuse_calls >= windows.threshold) as callers,
        coalesce(sum(counts.misuse_calls) filter (
            where counts.may_persist and counts.misuse_calls >= windows.threshold
        ), 0) as persistent_misuse_calls
    from windows
    inner join caller_counts as counts on counts.window_name = 'headline'
    where windows.window_name = 'headline'
),

before_persons as (
    select distinct matched.unit_id
    from previous_calls as earlier
    inner join matched_callers as matched on earlier.caller_id = matched.before_id
    where earlier.is_in_window and earlier.is_misuse and earlier.identity_kind = 'person'
),

affected as (
    select
        reason, unit_id, count(*) filter (where direction = 'gained') as gained,
        count(*) filter (where direction = 'lost') as lost
    from changed_calls
    group by reason, unit_id
),

persons as (
    select
        affected.*, coalesce(now_counts.misuse_calls, 0) as calls,
        coalesce(now_counts.may_persist, before_persons.unit_id is not null) as may_persist
    from affected
    left join caller_counts as now_counts
        on affected.unit_id = now_counts.caller_id and now_counts.window_name = 'headline'
    left join before_persons on affected.unit_id = before_persons.unit_id
),

recounted as (
    select
        reason, gained, lost, if(may_persist, calls, 0) as now_calls,
        if(may_persist, calls - gained + lost, 0) as without_calls
    from persons
),

sums as (
    select
        recounted.reason, sum(recounted.gained) as gained_calls, sum(recounted.lost) as lost_calls,
        any_value(settled.callers) - count(*) filter (where recounted.now_calls >= settled.threshold)
        + count(*) filter (where recounted.without_calls >= settled.threshold) as callers_without,
        any_value(settled.persistent_misuse_calls)
        - coalesce(sum(recounted.now_calls) filter (where recounted.now_calls >= settled.threshold), 0)
        + coalesce(sum(recounted.without_calls) filter (where recounted.without_calls >= settled.threshold), 0)
            as persistent_misuse_calls_without,
        any_value(settled.misuse_calls) - sum(recounted.gained) + sum(recounted.lost) as misuse_calls_without,
        any_value(settled.callers) as callers,
        any_value(settled.persistent_misuse_calls) / nullif(any_value(settled.misuse_calls), 0) as share
    from recounted
    cross join settled
    group by recounted.reason
),

final as (
    select
        reason, cast(gained_calls as bigint) as gained_calls, cast(lost_calls as bigint) as lost_calls, callers,
        callers_without, share, persistent_misuse_calls_without / nullif(misuse_calls_without, 0) as share_without
    from sums
)

select * from final
