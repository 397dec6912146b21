-- One row per case: whose it is now. Key: case_ref. No params. A case was opened on a set of number-holding spells, and
-- follows them: to the caller who has most of them, of several the one with the first named. is_changed: that caller is
-- not the set it was opened on, or one of these spells is no longer the holder that it was. Where none of them is left
-- the case keeps the caller it was opened on.
with

opened as (
    select
        case_ref, caller_id, coalesce(is_parted, false) as is_parted,
        case when len(spell_ids) > 0 then spell_ids else ['s' || substr(caller_id, 2)] end as spell_ids
    from casebook_cases
),

opened_spells as (
    select case_ref, unnest(spell_ids) as spell_id, generate_subscripts(spell_ids, 1) as place
    from opened
),

heirs as (
    select opened_spells.case_ref, caller_numbers.caller_id
    from opened_spells
    inner join caller_numbers on opened_spells.spell_id = caller_numbers.spell_id
    group by opened_spells.case_ref, caller_numbers.caller_id
    qualify
        row_number() over (partition by opened_spells.case_ref order by count(*) desc, min(opened_spells.place)) = 1
),

current_spells as (
    select heirs.case_ref, list(caller_numbers.spell_id order by caller_numbers.spell_id) as spell_ids
    from heirs
    inner join caller_numbers on heirs.caller_id = caller_numbers.caller_id
    group by heirs.case_ref
),

final as (
    select
        opened.case_ref, coalesce(heirs.caller_id, opened.caller_id) as caller_id,
        opened.caller_id as opened_caller_id,
        opened.is_parted
        or coalesce(current_spells.spell_ids <> list_sort(list_distinct(opened.spell_ids)), false) as is_changed
    from opened
    left join heirs on opened.case_ref = heirs.case_ref
    left join current_spells on opened.case_ref = current_spells.case_ref
)

select * from final
