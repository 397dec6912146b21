-- One row per caller whom the tasking list may name and who has a misuse call in the headline window: persistent,
-- or with a case under action or review. Key: caller_id. No params. How those calls lie in time and place.
-- A spell is half-open: a call just 24 hours or 7 days after the first is no longer in it.
with

wanted as (
    select caller_id from caller_windows where window_name = 'headline' and is_persistent
    union
    select caller_id from caller_cases where is_open
),

spells as (
    select
        caller_id, borough,
        count(*) over (
            partition by caller_id order by received_at
            range between current row and interval '86399.999999 seconds' following
        ) as calls_24_hours,
        count(*) over (
            partition by caller_id order by received_at
            range between current row and interval '604799.999999 seconds' following
        ) as calls_7_days
    from window_calls
    where window_name = 'headline' and is_misuse and caller_id in (select caller_id from wanted)
),

spell_peaks as (
    select caller_id, max(calls_24_hours) as most_calls_24_hours, max(calls_7_days) as most_calls_7_days
    from spells
    group by caller_id
),

borough_tallies as (
    select caller_id, borough, count(*) as calls
    from spells
    where borough is not null
    group by caller_id, borough
),

boroughs as (
    select caller_id, list(borough order by calls desc, borough asc) as boroughs
    from borough_tallies
    group by caller_id
),

final as (
    select
        spell_peaks.caller_id, spell_peaks.most_calls_24_hours, spell_peaks.most_calls_7_days,
        coalesce(boroughs.boroughs, cast([] as varchar[])) as boroughs
    from spell_peaks
    left join boroughs on spell_peaks.caller_id = boroughs.caller_id
)

select * from final
