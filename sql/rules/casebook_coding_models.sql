-- The newest classifier that somebody trained on calls coded again, as a document; none where nobody has.
create or replace table casebook_coding_models (trained_at timestamp, document varchar)
