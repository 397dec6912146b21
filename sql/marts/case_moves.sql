-- One row per move in the casebook. Key: move_id. Reasons stay there.
select move_id, case_ref, caller_id, moved_at, move, from_status, to_status, actor_role, run_id
from casebook_moves
