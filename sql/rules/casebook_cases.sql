-- Cases as the casebook has them.
create or replace table casebook_cases (
    case_ref varchar, caller_id varchar, opened_at timestamp, status varchar, lane varchar, owner varchar,
    review_date date, moves bigint
)
