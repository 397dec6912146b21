-- One row per part of the calls as it was when the kept table of calls was last made or brought up. Key: part_id.
-- No params.
select * from call_parts
