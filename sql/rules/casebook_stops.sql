-- Stops that a person entered and nobody lifted.
create or replace table casebook_stops (caller_id varchar, stopped_at timestamp, is_urgent boolean)
