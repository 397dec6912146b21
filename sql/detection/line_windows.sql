-- One row per line as logged (number, premises, malformed or placeholder number) and window. Key: line_id, window_name.
-- No params. The 2005 count goes by the number as logged; the steps from it to callers start here.
with

final as (
    select
        line_id, window_name, threshold, caller_id, identity_kind,
        count(*) as coded_misuse_calls,
        count(*) filter (where not is_stopped) as unstopped_calls,
        count(*) filter (where is_misuse) as misuse_calls
    from window_calls
    where line_id is not null
    group by line_id, window_name, threshold, caller_id, identity_kind
)

select * from final
