-- Who on the look list was looked at, when last, and how many urgent stops the list then showed of them.
create or replace table casebook_acknowledgements (
    caller_id varchar, acknowledged_at timestamp, urgent_stops_seen bigint
)
