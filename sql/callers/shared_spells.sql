-- One row per number-holding spell that is a shared line's: its holder's calls carry a marker that says so, or its
-- number is registered. Key: spell_id. No params. The register is a person's word, so it is the basis named and
-- says whether the line is a payphone: no numbering plan tells.
with

marked as (
    select number_spells.spell_id, bool_or(spell_marks.rule_id = 'kiosk') as is_payphone
    from number_spells
    inner join spell_marks on number_spells.spell_id = spell_marks.spell_id
    where not number_spells.is_premises
    group by number_spells.spell_id
),

registered as (
    select number_spells.spell_id, casebook_shared_lines.kind = 'kiosk' as is_payphone
    from number_spells
    inner join casebook_shared_lines on number_spells.token = casebook_shared_lines.token
    where not number_spells.is_premises
),

final as (
    select
        coalesce(registered.spell_id, marked.spell_id) as spell_id,
        case when registered.spell_id is not null then 'shared_line_register' else 'shared_line_marker' end as basis,
        coalesce(registered.is_payphone, marked.is_payphone, false) as is_payphone
    from marked
    full join registered on marked.spell_id = registered.spell_id
)

select * from final
