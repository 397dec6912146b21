-- The persons who were eligible when the last cycle's list was frozen.
create or replace table last_cycle (caller_id varchar, as_of date)
