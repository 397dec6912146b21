-- One row per number-holding spell, and premises, with a call before the end of as-of. Key: spell_id. No params.
select
    spell_id, caller_id, standard_id, loose_id, reach_id, number_kind, first_call_at, last_call_at, calls, split_reason,
    identity_kind
from caller_numbers
