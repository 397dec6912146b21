-- One row per Immediate call that is not coded misuse and that somebody came to within a day, with its hour.
-- Key: none but the call, whose order does not matter: one row per call. Params: $headline_channel.
with

final as (
    select
        hours.hour_number, date_diff('second', calls.received_at, calls.arrived_at) / 60.0 as minutes
    from calls
    inner join genuine_hours as hours
        on
            calls.borough = hours.borough and calls.local_date = hours.local_date
            and calls.local_hour = hours.local_hour
    where
        calls.channel = cast($headline_channel as varchar) and calls.grade = 'I' and not calls.is_coded_misuse
        and calls.arrived_at >= calls.received_at and calls.arrived_at < calls.received_at + interval 1 day
)

select * from final
