-- One row per pattern that, found in a remark, stops the call.
create or replace table rule_codewords (rule_id varchar, pattern varchar)
