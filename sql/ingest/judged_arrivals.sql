-- One row per readable record with what becomes of it, where some call comes more than once. Key: row_number.
select arrivals.*, coalesce(verdicts.verdict, 'accepted') as verdict
from arrivals
left join verdicts on arrivals.row_number = verdicts.row_number and verdicts.origin = 'arrival'
