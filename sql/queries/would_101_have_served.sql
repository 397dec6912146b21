-- Do persistent callers also use 101, and what do they ring 999 about besides misuse?
with

habits as (
    select
        calls.caller_id,
        count(*) filter (where calls.is_misuse) as misuse_calls,
        count(*) filter (where not calls.is_coded_misuse and calls.channel = '999') as genuine_999_calls,
        count(*) filter (
            where not calls.is_coded_misuse and calls.channel = '999' and calls.grade in ('E', 'R')
        ) as genuine_999_calls_not_urgent,
        count(*) filter (where calls.channel = '101') as calls_to_101
    from calls
    inner join persistent_callers on calls.caller_id = persistent_callers.caller_id
    group by calls.caller_id
)

select
    calls_to_101 > 0 as uses_101,
    count(*) as persistent_callers,
    sum(misuse_calls) as misuse_calls,
    sum(genuine_999_calls) as genuine_999_calls,
    sum(genuine_999_calls_not_urgent) as genuine_999_calls_not_urgent,
    sum(calls_to_101) as calls_to_101
from habits
group by uses_101
order by uses_101
