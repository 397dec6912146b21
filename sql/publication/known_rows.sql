-- One row per call that the last published copy does not hold as it is now. Key: row_key. No params.
-- It takes the place of differing_rows where the run itself put these in, or took them out, since that copy.
select distinct call_key as row_key
from unpublished_calls
