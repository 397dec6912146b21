-- One row per call of some number-holding spells and rule that bars it in the last run: what a certificate keeps, since
-- the words, places and names by which the rule knew it are about to go. Key: call_key, rule_id. Param: $spells.
select distinct call_hits.rule_id, call_hits.call_key::varchar as call_key
from call_hits
inner join call_records on call_hits.call_key = call_records.call_key
inner join caller_numbers as spells
    on
        coalesce(call_records.number_token, call_records.premises_token) = spells.token
        and call_records.received_at >= spells.spell_from and call_records.received_at < spells.spell_to
where call_hits.is_stop and list_contains($spells, spells.spell_id)
order by call_hits.rule_id, call_key
