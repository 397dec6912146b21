-- One row per record whose details the vault is to keep. Key: row_number.
select *
from judged_arrivals
where verdict <> 'duplicate'
