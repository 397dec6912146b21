-- Brings the kept table of what is counted of callers, of one row per caller, up to date. Key: caller_id. No params.
delete from caller_tallies where caller_id in (select caller_id from touched_callers);

insert into caller_tallies select * from arriving_tallies;
