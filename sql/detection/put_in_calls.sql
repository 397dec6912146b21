-- Brings the kept table of calls, of one row per call, up to date, and tells which callers' calls are others.
-- Key: call_key. No params. What differs comes as it is now; what is no call any more goes.
create or replace temp table leaving_calls as
select call_key from differing_calls
union
select call_key from stale_calls where call_key not in (select call_key from arriving_calls);

create or replace temp table touched_callers as
select caller_id from calls where caller_id is not null and call_key in (select call_key from leaving_calls)
union
select caller_id from differing_calls where caller_id is not null;

delete from calls where call_key in (select call_key from leaving_calls);

insert into calls select * from differing_calls;

insert into unpublished_calls select call_key from leaving_calls;

delete from kept_parts where part_id in (select part_id from stale_parts);

insert into kept_parts select * from call_parts where part_id in (select part_id from stale_parts);
