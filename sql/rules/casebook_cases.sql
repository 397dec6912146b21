-- Cases as the casebook has them, with the caller's spells when each was opened.
create or replace table casebook_cases (
    case_ref varchar, caller_id varchar, spell_ids varchar[], opened_at timestamp, status varchar, lane varchar,
    owner varchar, review_date date, moves bigint
)
