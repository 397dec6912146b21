-- Quiet premises go from the vault. No params; reads the table that quiet_lines makes.
delete from vault.premises
where premises_token in (select quiet_lines.token from quiet_lines)
