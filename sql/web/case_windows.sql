-- A caller's counts in each window. Params: $caller_id. Key: window_name.
select * from caller_windows
where caller_id = $caller_id
