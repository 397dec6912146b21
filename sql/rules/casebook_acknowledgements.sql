-- Who on the look list was looked at, when last, how many urgent stops the list then showed of them, their spells,
-- and the ids of all stops (null of before they had ids).
create or replace table casebook_acknowledgements (
    caller_id varchar, acknowledged_at timestamp, urgent_stops_seen bigint, spell_ids varchar[], stops_seen varchar[]
)
