-- Calls coded again by two people blind to each other, both having finished the sample: what the log said of the call
-- when it was drawn, each verdict (misuse, not_misuse, cannot_tell), and a third person's where they differ. position:
-- later samples have higher ones.
create or replace table casebook_coded_calls (
    sample_id varchar, position bigint, call_key uuid, is_frequent boolean, kind varchar, code varchar,
    first_verdict varchar, second_verdict varchar, settled_verdict varchar
)
