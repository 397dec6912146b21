-- One row: how many rejected rows are past their time. Params: $before.
select count(*) as row_count
from vault.rejected_rows
where rejected_at < $before
