"""What the reports ask of the published file, beyond whole relations. Each is a constant with parameters."""

# The log begins where the run says it does; one without a call on the headline's channel with its first call.
LOG_SPAN = """
select coalesce(
    (select first_date from windows where window_name = 'since_log_start'), (select min(local_date) from calls)
) as first_day
"""

# How the coded misuse of the headline window was told apart; one row.
EXCLUDED = """
select
    count(*) as coded,
    count(*) filter (is_stopped) as stopped,
    count(*) filter (is_doubtful) as doubtful,
    count(*) filter (is_misuse) as misuse,
    count(*) filter (is_misuse and caller_id is null) as unidentified,
    count(*) filter (is_misuse and identity_kind in ('shared_line', 'premises')) as shared
from calls
where
    is_coded_misuse
    and channel = $channel
    and local_date > $as_of::date - $window_days::integer
    and local_date <= $as_of
"""

CASES = "select case_ref, caller_id from cases"
EARLIER_CASES = "select count(*) as cases from cases where opened_at < $before"

KINDS = "select identity_kind, count(*) as callers from callers group by identity_kind"

# Over a threshold of their own, a calendar month's, and never a person.
APART = """
select
    caller_windows.window_name,
    callers.identity_kind,
    count(*) as callers,
    sum(caller_windows.misuse_calls)::bigint as misuse_calls
from caller_windows
inner join callers on caller_windows.caller_id = callers.caller_id
where
    callers.identity_kind in ('shared_line', 'premises')
    and caller_windows.most_misuse_calls_month >= $threshold
group by all
order by all
"""

# Who was persistent in the window that ended on $as_of, by today's rules and identities, in the list's order.
RECOUNT = """
with

numbered as (
    select
        caller_id,
        received_at,
        coalesce(handling_seconds, 0) + coalesce(unit_seconds, 0) as seconds,
        row_number() over (partition by caller_id order by received_at) as position
    from calls
    where
        is_misuse
        and identity_kind = 'person'
        and channel = $channel
        and local_date > $as_of::date - $window_days::integer
        and local_date <= $as_of
),

counted as (
    select
        caller_id,
        count(*) as misuse_calls,
        sum(seconds) as seconds,
        min(received_at) filter (position = $threshold) as tenth_misuse_at
    from numbered
    group by caller_id
    having count(*) >= $threshold
)

select
    caller_id,
    misuse_calls,
    row_number() over (order by misuse_calls desc, seconds desc, tenth_misuse_at, caller_id) as rank
from counted
order by rank
"""

CALLER_MONTHS = """
select
    caller_id,
    date_trunc('month', local_date)::date as month,
    count(*) filter (is_misuse) as misuse_calls,
    count(*) filter (not is_coded_misuse) as genuine_calls
from calls
where caller_id in (select unnest($callers)) and channel = $channel and local_date <= $as_of
group by all
order by caller_id, month
"""

# Monday is 1, as ISO has it.
CALLER_HOURS = """
select caller_id, isodow(local_date) as weekday, local_hour as hour, count(*) as misuse_calls
from calls
where
    caller_id in (select unnest($callers))
    and is_misuse
    and channel = $channel
    and local_date > $as_of::date - $window_days::integer
    and local_date <= $as_of
group by all
order by caller_id, weekday, hour
"""

CALLER_BOROUGHS = """
select caller_id, coalesce(borough, 'not recorded') as name, count(*) as calls
from calls
where
    caller_id in (select unnest($callers))
    and is_misuse
    and channel = $channel
    and local_date > $as_of::date - $window_days::integer
    and local_date <= $as_of
group by all
order by caller_id, calls desc, name
"""

CALLER_CODES = """
select
    caller_id,
    is_coded_misuse,
    coalesce(closing_code, opening_code, 'no code') as name,
    count(*) as calls
from calls
where
    caller_id in (select unnest($callers))
    and (is_misuse or not is_coded_misuse)
    and channel = $channel
    and local_date > $as_of::date - $window_days::integer
    and local_date <= $as_of
group by all
order by caller_id, is_coded_misuse desc, calls desc, name
"""

# Misuse calls of the headline window for the public summary: by part, value and who made them, with how many callers.
PUBLIC_COUNTS = """
with

counted as (
    select
        calls.caller_id, calls.local_date, calls.local_hour, calls.borough,
        coalesce(calls.closing_code, calls.opening_code, 'no code') as code,
        case
            when persistent_callers.caller_id is not null then 'persistent callers'
            when calls.identity_kind = 'person' then 'other persons'
            when calls.caller_id is not null then 'shared lines and premises'
            else 'nobody known'
        end as made_by
    from calls
    left join persistent_callers on calls.caller_id = persistent_callers.caller_id
    where
        calls.is_misuse
        and calls.channel = $channel
        and calls.local_date > $as_of::date - $window_days::integer
        and calls.local_date <= $as_of
),

parted as (
    select
        unnest(['month', 'borough', 'time of day', 'code', 'all']) as part,
        unnest([
            strftime(local_date, '%Y-%m'), coalesce(borough, 'not recorded'),
            case
                when local_hour < 6 then '00:00 to 05:59' when local_hour < 12 then '06:00 to 11:59'
                when local_hour < 18 then '12:00 to 17:59' else '18:00 to 23:59'
            end,
            code, 'all'
        ]) as value,
        made_by, caller_id
    from counted
),

by_caller as (
    select part, value, made_by, caller_id, count(*) as calls
    from parted
    group by part, value, made_by, caller_id
)

select
    part, value, made_by, sum(calls)::bigint as calls, count(caller_id) as callers,
    coalesce(max(calls) filter (where caller_id is not null), 0) as most_of_one
from by_caller
group by part, value, made_by
order by part, value, made_by
"""
