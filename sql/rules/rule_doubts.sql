-- Which results or qualifiers of which source contradict a misuse code.
create or replace table rule_doubts (source varchar, field varchar, code varchar)
