-- Stops that a person entered, on spells of other numbers to which a correction moved a call that was under them; made
-- by sql/identities/moved_stops.sql.
create or replace table moved_stops (stop_id bigint, spell_id varchar)
