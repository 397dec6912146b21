-- How far each code can be trusted, by calls coded again; empty without a finished sample.
-- Key: is_frequent, kind, stratum.
select * exclude (run_id, as_of)
from code_error_rates
order by is_frequent desc, kind, stratum
