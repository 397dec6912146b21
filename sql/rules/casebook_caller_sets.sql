-- Every caller of several spells that was ever published, with its spells and the run that first published it.
create or replace table casebook_caller_sets (
    caller_id varchar, spell_ids varchar[], run_id varchar, published_at timestamp
)
