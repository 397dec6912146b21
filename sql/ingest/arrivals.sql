-- One row per readable record of the file at the door, with its keys. Key: row_number.
select
    * exclude (
        reason,
        odd_repeated_hour,
        odd_spring_gap,
        says_no_number,
        unreadable_answered_at,
        unreadable_ended_at,
        unreadable_first_assigned_at,
        unreadable_arrived_at, unreadable_talk_seconds, unreadable_wrap_seconds, unreadable_unit_seconds,
        unreadable_units_assigned, unreadable_version
    )
from staged_rows
where reason is null
