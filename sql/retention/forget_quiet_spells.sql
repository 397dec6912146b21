-- The spells of quiet numbers bear no record of details any more; calls and their pseudonym stay, so that no count
-- changes. No params; reads the table that quiet_lines makes.
delete from spell_records
where spell_id in (
        select caller_numbers.spell_id
        from caller_numbers
        inner join quiet_lines on caller_numbers.token = quiet_lines.token
    )
