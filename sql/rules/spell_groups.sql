-- Which spells are in one group, as links and people's decisions put them: a number for each group of several, at each
-- level. Only spells that have anything to do with others; confirmed_group, joined by people alone, may be one spell.
create or replace table spell_groups (
    spell_id varchar, strict_group bigint, standard_group bigint, loose_group bigint, reach_group bigint,
    confirmed_group bigint
)
