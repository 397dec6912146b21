-- Records of spells whose calls have changed, or that are gone: their fingerprint is nobody's.
delete from spell_records
where (fingerprint, calls) not in (select (fingerprint, calls) from number_spells);
