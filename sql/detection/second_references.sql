-- One row per caller whose case would have the reference of somebody else's: the one it has instead. Key: caller_id.
-- No params. Ids of callers may be given again, and with them the references made of them.
select callers.caller_id, 'K-' || upper(left(sha256(callers.caller_id || '#2'), 10)) as second_ref
from callers
inner join case_callers
    on
        'K-' || upper(substr(callers.caller_id, 2, 10)) = case_callers.case_ref
        and callers.caller_id <> case_callers.caller_id
