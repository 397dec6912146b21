-- One row per window and kind of line that is never a person, over a threshold of its own, a calendar month's.
-- Key: window_name, identity_kind. Shared lines and premises are told apart from the headline.
select
    caller_windows.window_name, callers.identity_kind, windows.shared_line_threshold as threshold,
    count(*) as callers,
    sum(caller_windows.misuse_calls)::bigint as misuse_calls
from caller_windows
inner join (
    select distinct caller_id, identity_kind from calls where is_misuse and identity_kind <> 'person'
) as callers on caller_windows.caller_id = callers.caller_id
inner join windows on caller_windows.window_name = windows.window_name
where caller_windows.most_misuse_calls_month >= windows.shared_line_threshold
group by all
order by all
