-- Cases as the casebook has them, with the spells of the caller whom each was opened on, the newest first where one of
-- them has become several. is_parted: more is known of who held one of these numbers when.
create or replace table casebook_cases (
    case_ref varchar, caller_id varchar, spell_ids varchar[], opened_at timestamp, status varchar, lane varchar,
    owner varchar, review_date date, moves bigint, is_parted boolean
)
