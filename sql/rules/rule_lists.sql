-- Words by which patterns know codes, each found whole in a code; list `listed`: every code of the misuse list.
create or replace table rule_lists (list_id varchar, words varchar)
