-- One row per borough, local day and local hour of the headline window with a call on the headline channel that is not
-- coded misuse. Key: hour_number. Params: $headline_channel. Beside others' calls: how long persistent callers' misuse
-- was handled in that hour, in the borough and in all of them. Calls without a borough are left out.
with

headline as (
    select
        calls.borough, calls.local_date, calls.local_hour, calls.caller_id, calls.is_coded_misuse, calls.is_misuse,
        calls.answer_seconds, calls.grade, calls.handling_seconds
    from calls
    inner join windows
        on
            windows.window_name = 'headline'
            and calls.local_date between windows.first_date and windows.last_date
    where calls.channel = cast($headline_channel as varchar) and calls.borough is not null
),

others as (
    select
        borough, local_date, local_hour, count(*) as volume,
        count(answer_seconds) as answered_calls, sum(answer_seconds) as answer_seconds,
        count(grade) as graded_calls, count(*) filter (where grade = 'I') as immediate_calls
    from headline
    where not is_coded_misuse
    group by borough, local_date, local_hour
),

handled as (
    select headline.borough, headline.local_date, headline.local_hour, sum(headline.handling_seconds) as seconds
    from headline
    inner join caller_windows
        on
            headline.caller_id = caller_windows.caller_id
            and caller_windows.window_name = 'headline' and caller_windows.is_persistent
    where headline.is_misuse
    group by headline.borough, headline.local_date, headline.local_hour
),

everywhere as (
    select local_date, local_hour, sum(seconds) as seconds
    from handled
    group by local_date, local_hour
),

final as (
    select
        row_number() over (order by others.borough, others.local_date, others.local_hour) - 1 as hour_number,
        others.*,
        dense_rank() over (order by others.borough) - 1 as borough_number,
        (isodow(others.local_date) - 1) * 24 + others.local_hour as hour_of_week,
        date_diff('day', date '2000-01-01', others.local_date) as day_number,
        sum(others.volume) over (partition by others.local_date, others.local_hour) as force_volume,
        coalesce(handled.seconds, 0) as persistent_seconds,
        coalesce(everywhere.seconds, 0) as force_persistent_seconds
    from others
    left join handled
        on
            others.borough = handled.borough and others.local_date = handled.local_date
            and others.local_hour = handled.local_hour
    left join everywhere on others.local_date = everywhere.local_date and others.local_hour = everywhere.local_hour
)

select * from final
