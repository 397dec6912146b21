-- What number_evidence holds of numbers whose calls have changed goes; what their calls say now comes.
delete from number_evidence
where (token, fingerprint, calls) not in (select (token, fingerprint, calls) from number_calls);
