-- One row per part of the calls that is not as the last run left it: new, changed or gone. Key: part_id. No params.
-- Joined by the hash alone, in which the id is: a narrow number.
select coalesce(call_parts.part_id, kept_parts.part_id) as part_id
from call_parts
full join kept_parts on call_parts.part_hash = kept_parts.part_hash
where call_parts.part_hash is null or kept_parts.part_hash is null
group by 1
