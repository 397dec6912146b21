-- One row per spell that a stop of the casebook names, and whose it is now. Key: named_id. No params.
-- The casebook names spells as this run has them: misuse.casebook.holders.
with

named as (
    select unnest(spell_ids) as named_id from casebook_stops
    union
    select unnest(spell_ids) as named_id from casebook_carried_stops
    union
    select unnest(spell_ids) as named_id from casebook_kept_stops
),

final as (
    select named.named_id, numbers.spell_id, numbers.caller_id, numbers.reach_id
    from named
    inner join caller_numbers as numbers on named.named_id = numbers.spell_id
)

select * from final
