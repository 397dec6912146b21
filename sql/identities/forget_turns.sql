-- Who no longer held one number in turn are no longer compared for it. No params; reads the table that keep_records
-- makes.
delete from vault.identity_turns
where (record_a, record_b) not in (select (record_a, record_b) from held_in_turn);
