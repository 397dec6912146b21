-- Brings the kept table of calls, of one row per call, up to date. Key: call_key. Param: $end_at.
-- What differs comes as it is now; what is no call any more goes.
delete from calls where call_key in (select call_key from differing_calls);

delete from calls
where
    not exists (
        select 1
        from call_records
        where call_records.call_key = calls.call_key and call_records.received_at < cast($end_at as timestamp)
    );

insert into calls select * from differing_calls;
