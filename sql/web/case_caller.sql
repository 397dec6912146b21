-- One caller as published: one row. Params: $caller_id. Key: caller_id.
select * from callers
where caller_id = $caller_id
