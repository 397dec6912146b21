-- One row per line as logged (number, premises, malformed or placeholder number) and window.
-- Key: line_id, window_name. No params. The 2005 count goes by the number as logged, whoever held it when; the steps
-- from it to callers start here.
with

final as (
    select
        line_id, window_name, threshold,
        count(*) as coded_misuse_calls,
        count(*) filter (where not is_stopped) as unstopped_calls,
        count(*) filter (where is_misuse) as misuse_calls,
        count(*) filter (where is_misuse and caller_id is not null) as identified_calls,
        count(*) filter (where is_misuse and identity_kind = 'person') as person_calls
    from window_calls
    where line_id is not null
    group by line_id, window_name, threshold
)

select * from final
