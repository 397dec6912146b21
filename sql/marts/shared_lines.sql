-- One row per shared line or premises with a call on the headline channel in the headline window. Key: caller_id.
-- Params: $run_id, $as_of, $shared_line_threshold. Calendar months are those of the reporting zone; at the window's
-- ends they may be cut short. Over the threshold: so many misuse calls in one of them.
with

line_calls as (
    select
        calls.caller_id, calls.identity_kind, calls.number_kind, calls.borough, calls.received_at,
        calls.is_coded_misuse, calls.is_stopped, calls.is_misuse,
        cast(date_trunc('month', calls.local_date) as date) as month
    from calls
    inner join windows
        on
            windows.window_name = 'headline' and calls.channel = windows.channel
            and calls.received_at >= windows.window_from and calls.received_at < windows.window_to
    where calls.identity_kind in ('shared_line', 'premises')
),

tallies as (
    select
        caller_id, any_value(identity_kind) as identity_kind, count(*) as calls,
        count(*) filter (where is_coded_misuse) as coded_misuse_calls,
        count(*) filter (where is_coded_misuse and is_stopped) as stopped_calls,
        count(*) filter (where is_misuse) as misuse_calls,
        min(received_at) as first_call_at, max(received_at) as last_call_at
    from line_calls
    group by caller_id
),

months as (
    select caller_id, month, count(*) as misuse_calls
    from line_calls
    where is_misuse
    group by caller_id, month
),

most as (
    select
        caller_id, max(misuse_calls) as most_misuse_calls_month,
        max_by(month, misuse_calls * 1000000 + date_diff('day', date '1970-01-01', month)) as most_misuse_month,
        count(*) filter (where misuse_calls >= cast($shared_line_threshold as integer)) as months_over_threshold,
        max(month) filter (where misuse_calls >= cast($shared_line_threshold as integer)) as last_month_over_threshold
    from months
    group by caller_id
),

boroughs as (
    select caller_id, list(borough order by calls desc, borough) as boroughs
    from (
        select caller_id, borough, count(*) as calls
        from line_calls
        where borough is not null
        group by caller_id, borough
    ) as by_borough
    group by caller_id
),

-- A marker speaks of a holder; the register of the number.
told as (
    select numbers.caller_id, marks.rule_id as kind, false as is_registered
    from caller_numbers as numbers
    inner join spell_marks as marks on numbers.spell_id = marks.spell_id
    union
    select numbers.caller_id, casebook_shared_lines.kind, true as is_registered
    from caller_numbers as numbers
    inner join casebook_shared_lines on numbers.token = casebook_shared_lines.token
),

kinds as (
    select caller_id, list_sort(list(distinct kind)) as kinds, bool_or(is_registered) as is_registered
    from told
    group by caller_id
),

final as (
    select
        cast($run_id as varchar) as run_id, cast($as_of as date) as as_of, tallies.caller_id, tallies.identity_kind,
        coalesce(kinds.kinds, cast([] as varchar[])) as kinds, coalesce(kinds.is_registered, false) as is_registered,
        identities.number_kinds, tallies.calls, tallies.coded_misuse_calls, tallies.stopped_calls, tallies.misuse_calls,
        cast($shared_line_threshold as integer) as threshold,
        coalesce(most.most_misuse_calls_month, 0) as most_misuse_calls_month, most.most_misuse_month,
        coalesce(most.months_over_threshold, 0) as months_over_threshold,
        coalesce(most.months_over_threshold, 0) > 0 as is_over_threshold, most.last_month_over_threshold,
        coalesce(boroughs.boroughs, cast([] as varchar[])) as boroughs, tallies.first_call_at, tallies.last_call_at
    from tallies
    inner join caller_identities as identities on tallies.caller_id = identities.caller_id
    left join most on tallies.caller_id = most.caller_id
    left join boroughs on tallies.caller_id = boroughs.caller_id
    left join kinds on tallies.caller_id = kinds.caller_id
)

select * from final
