-- One row per number-holding spell that a link, a person's decision or a common number speaks of, in the order of their
-- ids. Key: spell_id. No params. position is what misuse.identity knows the spell by. Shared lines and premises are in
-- it for the stops that spread over a number, and are linked to nobody.
with

named as (
    select spell_a as spell_id from spell_links
    union
    select spell_b as spell_id from spell_links
    union
    select unnest(spells_a) as spell_id from casebook_links
    union
    select unnest(spells_b) as spell_id from casebook_links
    union
    select spell_id from number_spells where spell_number > 1
    union
    select first_spells.spell_id
    from number_spells as first_spells
    inner join number_spells as second_spells on first_spells.token = second_spells.token
    where first_spells.spell_number = 1 and second_spells.spell_number = 2
),

final as (
    select
        number_spells.spell_id, number_spells.token, number_spells.spell_number,
        number_spells.is_premises or shared_spells.spell_id is not null as is_nobodys,
        row_number() over (order by number_spells.spell_id) - 1 as position
    from number_spells
    inner join named on number_spells.spell_id = named.spell_id
    left join shared_spells on number_spells.spell_id = shared_spells.spell_id
)

select * from final
