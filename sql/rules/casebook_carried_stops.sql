-- Stops that reached spells under an earlier model, kept until a person lifts them; rule 'person' is one entered.
create or replace table casebook_carried_stops (spell_ids varchar[], rule_id varchar)
