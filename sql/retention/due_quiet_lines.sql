-- One row: how many quiet numbers the vault still holds. No params; reads the table that quiet_lines makes.
select count(*) as lines
from (
    select number_token as token from vault.numbers
    union
    select premises_token from vault.premises
) as held
where token in (select quiet_lines.token from quiet_lines)
