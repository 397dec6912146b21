-- One row per readable record with what becomes of it, where every call comes for the first time. Key: row_number.
-- It takes judged_arrivals' place on an ordinary night, which so pays for no comparison.
select *, 'accepted' as verdict
from parsed_rows
