-- A caller's row of the tasking list, if there is one. Params: $caller_id. Key: caller_id.
select * from tasking_list
where caller_id = $caller_id
