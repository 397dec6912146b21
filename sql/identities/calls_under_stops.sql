-- One row per stop that a person entered and call of a caller whom it reached in this copy. Key: stop_id, call_key.
-- Params: $stop_ids, $spell_ids, $are_kept, lists of one length: each spell on which a stop stands, and whether that is
-- only since a run published it there, from where it spreads no further.
with

stopped as (
    select unnest($stop_ids) as stop_id, unnest($spell_ids) as spell_id, unnest($are_kept) as is_kept
),

reached as (
    select stopped.stop_id, others.caller_id
    from stopped
    inner join caller_spells as spells on stopped.spell_id = spells.spell_id
    inner join caller_spells as others on spells.reach_id = others.reach_id
    where not stopped.is_kept
    union
    select stopped.stop_id, spells.caller_id
    from stopped
    inner join caller_spells as spells on stopped.spell_id = spells.spell_id
    where stopped.is_kept
),

final as (
    select reached.stop_id, cast(calls.call_key as varchar) as call_key, calls.spell_id
    from reached
    inner join calls on reached.caller_id = calls.caller_id
)

select * from final
