-- What was odd about the rows that go in: one row, a count a column.
select
    count_if(odd_repeated_hour) as time_in_repeated_hour,
    count_if(odd_spring_gap) as time_in_spring_gap,
    count_if(says_no_number) as number_withheld_word,
    count_if(unreadable_answered_at) as "time_unreadable:answered_at",
    count_if(unreadable_ended_at) as "time_unreadable:ended_at",
    count_if(unreadable_first_assigned_at) as "time_unreadable:first_assigned_at",
    count_if(unreadable_arrived_at) as "time_unreadable:arrived_at",
    count_if(unreadable_talk_seconds) as "duration_unreadable:talk_seconds",
    count_if(unreadable_wrap_seconds) as "duration_unreadable:wrap_seconds",
    count_if(unreadable_unit_seconds) as "duration_unreadable:unit_seconds",
    count_if(unreadable_units_assigned) as "number_unreadable:units_assigned",
    count_if(unreadable_version) as version_unreadable,
    count_if(answered_at < received_at) as answered_before_received,
    count_if(ended_at < received_at) as ended_before_received,
    count_if(ended_at < answered_at) as ended_before_answered,
    count_if(first_assigned_at < received_at) as assigned_before_received,
    count_if(arrived_at < first_assigned_at) as arrived_before_assigned,
    count_if(arrived_at < received_at) as arrived_before_received
from staged_rows
where reason is null
