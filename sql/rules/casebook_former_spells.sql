-- Ids of spells that a run once published for times that other spells hold now. An id may be given again.
create or replace table casebook_former_spells (spell_id varchar, spell_ids varchar[])
