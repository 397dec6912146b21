-- Quiet numbers go from the vault. No params; reads the table that quiet_lines makes.
delete from vault.numbers
where number_token in (select quiet_lines.token from quiet_lines)
