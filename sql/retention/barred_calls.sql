-- One row per call of some number-holding spells that a rule bars in the last run: what a certificate keeps, since the
-- words, places and names by which the rule knew it are about to go. By which rule is not kept. Key: call_key.
-- Params: no own; reads lines_put_away (null: no end).
select distinct call_hits.call_key::varchar as call_key
from call_hits
inner join call_records on call_hits.call_key = call_records.call_key
inner join lines_put_away as lines
    on
        coalesce(call_records.number_token, call_records.premises_token) = lines.token::uuid
        and call_records.received_at >= coalesce(lines.held_from, '-infinity'::timestamp)
        and call_records.received_at < coalesce(lines.held_to, 'infinity'::timestamp)
where call_hits.is_stop
order by call_key
