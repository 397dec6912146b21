-- One row per call that was put into the kept table of calls, or taken out, since the last publication. Key: call_key.
-- No params. Made empty with that table; sql/detection/put_in_calls.sql adds to it.
select call_key from calls where false
