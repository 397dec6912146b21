-- Ids of spells that a run once published and that no number has now: whose times they were is known otherwise since.
create or replace table casebook_former_spells (spell_id varchar, spell_ids varchar[])
