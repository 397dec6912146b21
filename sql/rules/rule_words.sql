-- One row per expression that a safeguard hears in remarks only where its own pattern is met.
create or replace table rule_words (rule_id varchar, pattern varchar)
