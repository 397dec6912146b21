-- Which codes of which source are misuse. Field '*' says that every call of the source is.
create or replace table rule_misuse_codes (source varchar, field varchar, code varchar)
