-- When a person lifted a rule's stop from a caller: the calls that carry the marker stay barred.
create or replace table casebook_lifts (spell_ids varchar[], rule_id varchar, lifted_at timestamp)
