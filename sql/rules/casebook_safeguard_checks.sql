-- The newest check by other means of each safeguard, and the last day on which it counts.
create or replace table casebook_safeguard_checks (rule_id varchar, checked_at timestamp, until date)
