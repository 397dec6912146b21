-- When a person lifted a rule's stop from a caller, and the hits that stood then, which it lifts. The calls that carry
-- the marker stay barred.
create or replace table casebook_lifts (
    spell_ids varchar[], rule_id varchar, lifted_at timestamp, hits varchar[]
)
