-- One row per person with a coded misuse call in the headline window and dimension: which group it is in.
-- Key: caller_id, dimension. No params. Groups are those that the log holds: home borough, kind of line, whether a
-- vulnerability is known.
with

coded as (
    select caller_id, coded_misuse_calls, doubtful_calls, stopped_calls, is_persistent
    from caller_windows
    where window_name = 'headline' and coded_misuse_calls > 0
),

looked_at as (
    select caller_id from look_list
),

final as (
    select
        callers.caller_id,
        unnest(['home borough', 'kind of line', 'vulnerability']) as dimension,
        unnest([
            coalesce(callers.home_borough, 'not recorded'),
            case
                when list_contains(callers.number_kinds, 'payphone') then 'payphone'
                when list_contains(callers.number_kinds, 'mobile') then 'mobile'
                when list_contains(callers.number_kinds, 'fixed') then 'fixed'
                else 'other'
            end,
            case when callers.support_first then 'known' else 'none known' end
        ]) as group_name,
        coded.coded_misuse_calls, coded.doubtful_calls, coded.stopped_calls, coded.is_persistent, callers.is_stopped,
        looked_at.caller_id is not null as is_looked_at,
        tasking_list.lane
    from coded
    inner join callers on coded.caller_id = callers.caller_id and callers.identity_kind = 'person'
    left join looked_at on coded.caller_id = looked_at.caller_id
    left join tasking_list on coded.caller_id = tasking_list.caller_id
)

select * from final
