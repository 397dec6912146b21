-- One row per rejected row of a batch, the first few. Key: row_number. Params: $batch_id, $at_most.
select row_number, reason, raw
from vault.rejected_rows
where batch_id = $batch_id
order by row_number
limit $at_most
