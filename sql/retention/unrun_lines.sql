-- One row per line with a call, within the bounds in which it was somebody's, that the last run did not count as it is
-- now: it came in since, or was corrected since. Who made it is not known yet. Key: token. No params of its own; reads
-- lines_put_away (null: no end).
select distinct held.token
from (
    select call_key, batch_id, received_at, coalesce(number_token, premises_token) as token
    from call_records
) as held
inner join lines_put_away as lines
    on
        held.token = lines.token::uuid
        and held.received_at >= coalesce(lines.held_from, '-infinity'::timestamp)
        and held.received_at < coalesce(lines.held_to, 'infinity'::timestamp)
anti join calls
    on held.call_key = calls.call_key and held.batch_id = calls.batch_id and held.received_at = calls.received_at
