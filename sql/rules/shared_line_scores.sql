-- Spells that a trained model would suggest as shared lines. Empty until one is trained.
create or replace table shared_line_scores (
    spell_id varchar, caller_id varchar, probability double, reasons varchar[], calls bigint, misuse_calls bigint
)
