-- Moves as the casebook has them, without their reasons.
create or replace table casebook_moves (
    move_id bigint, case_ref varchar, caller_id varchar, moved_at timestamp, move varchar, from_status varchar,
    to_status varchar, actor_role varchar, run_id varchar
)
