-- One row per run, newest first. Key: run_id.
select * from runs
order by started_at desc, run_id
limit 60
