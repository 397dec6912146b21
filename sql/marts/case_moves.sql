-- One row per move in the casebook, with the caller the case is about now. Key: move_id. No params. Reasons stay there.
select
    moves.move_id, moves.case_ref, coalesce(case_callers.caller_id, moves.caller_id) as caller_id, moves.moved_at,
    moves.move, moves.from_status, moves.to_status, moves.actor_role, moves.run_id
from casebook_moves as moves
left join case_callers on moves.case_ref = case_callers.case_ref
