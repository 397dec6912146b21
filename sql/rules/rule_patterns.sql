-- One row per safeguard that finds something by itself: its pattern, and the figures of just that pattern.
create or replace table rule_patterns (
    rule_id varchar, pattern varchar, most_numbers bigint, place_calls bigint, calls bigint, minutes bigint,
    contacts bigint, days bigint, kinds bigint, hours bigint
)
