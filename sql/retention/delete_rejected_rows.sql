-- Rejected rows hold what a caller's row held, so they go when nobody will mend them any more. Params: $before.
delete from vault.rejected_rows
where rejected_at < $before
