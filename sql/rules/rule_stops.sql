-- One row per safeguard: what it bars and whom it asks to look. pattern: ties, burst, new_content, or blank.
-- is_fault: it tells of a fault of a handset or a line, which the list shows as an innocent explanation.
create or replace table rule_stops (
    rule_id varchar, scope varchar, is_urgent boolean, support_first boolean, is_stop boolean,
    makes_shared_line boolean, duty_role varchar, pattern varchar, is_fault boolean
)
