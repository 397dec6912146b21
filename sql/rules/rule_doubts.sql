-- Which codes of which source cast doubt on a misuse code, and how: contradicted, defaulted or unknown.
-- No closing code stands for a blank one.
create or replace table rule_doubts (source varchar, field varchar, code varchar, kind varchar)
