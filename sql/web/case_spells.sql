-- The numbers and premises behind a caller, by pseudonym. Params: $caller_id. Key: spell_id.
select * from caller_spells
where caller_id = $caller_id
order by first_call_at, spell_id
