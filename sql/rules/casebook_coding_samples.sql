-- Samples of calls to be coded again that nobody withdrew: how many calls each coder has done, and how many that both
-- have done differently wait for a third person.
create or replace table casebook_coding_samples (
    sample_id varchar, drawn_at timestamp, calls bigint, first_coded bigint, second_coded bigint, is_complete boolean,
    unsettled bigint
)
