-- One row per number that behaves as a shared line and is counted as a person's. Key: spell_id.
-- Params: $run_id, $as_of. A suggestion changes nothing until a person registers the number.
with

final as (
    select
        cast($run_id as varchar) as run_id, cast($as_of as date) as as_of,
        spell_id, caller_id, probability, reasons, calls, misuse_calls
    from shared_line_scores
)

select * from final
