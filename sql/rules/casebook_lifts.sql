-- When a person lifted a rule's stop from a caller, and what the run that they looked at held: the files that were in
-- and the time of the newest call. Of a lift older than that record both are null. The calls that carry the marker
-- stay barred.
create or replace table casebook_lifts (
    spell_ids varchar[], rule_id varchar, lifted_at timestamp, seen_batches varchar[], seen_to timestamp
)
