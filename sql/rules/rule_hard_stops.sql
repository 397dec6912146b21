-- One row per marker word of each safeguard.
create or replace table rule_hard_stops (
    rule_id varchar, marker varchar, scope varchar, is_urgent boolean, support_first boolean, is_stop boolean,
    makes_shared_line boolean, duty_role varchar
)
