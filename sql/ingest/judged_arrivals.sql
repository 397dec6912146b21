-- One row per readable record with what becomes of it, where some call comes more than once. Key: row_number.
select parsed_rows.*, coalesce(verdicts.verdict, 'accepted') as verdict
from parsed_rows
left join verdicts on parsed_rows.row_number = verdicts.row_number and verdicts.origin = 'arrival'
