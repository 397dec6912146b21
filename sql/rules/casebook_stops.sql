-- Stops that a person entered and nobody lifted, on the spells on which they still stand.
create or replace table casebook_stops (
    caller_id varchar, spell_ids varchar[], stopped_at timestamp, is_urgent boolean, stop_id bigint
)
