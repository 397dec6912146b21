-- The persons who were eligible when the last cycle's list was frozen, with their spells of that day.
create or replace table last_cycle (caller_id varchar, as_of date, spell_ids varchar[])
