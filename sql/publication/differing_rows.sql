-- One row per row of a relation that a copy does not hold as it is now: new, changed or gone. Key: row_key. No params.
-- Compared are hashes of whole rows under one key, so that nothing has to be known of why a row changed.
select coalesce(arriving_rows.row_key, standing_rows.row_key) as row_key
from arriving_rows
full join standing_rows on arriving_rows.row_key = standing_rows.row_key
where arriving_rows.row_hash is distinct from standing_rows.row_hash
