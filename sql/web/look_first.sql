-- Those of the look list whom nobody had looked at when the run was made, or who had an urgent stop more since, urgent
-- first. Key: caller_id.
select * from look_list
where acknowledged_at is null or is_urgent
order by is_urgent desc, is_new desc, coded_misuse_calls desc, caller_id
limit 60
