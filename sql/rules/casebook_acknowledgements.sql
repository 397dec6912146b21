-- Who on the look list was looked at, and when last.
create or replace table casebook_acknowledgements (caller_id varchar, acknowledged_at timestamp)
