-- Callers that a caller id, its beginning, a case reference or an earlier id may mean; an exact one alone.
-- Params: $name, folded: `c` and digits in lower case, or `K-` and digits in upper case.
with

named as (
    select caller_id, 'K-' || upper(substr(caller_id, 2, 10)) as case_ref
    from callers
),

found as (
    select caller_id, caller_id = $name as is_exact
    from named
    where starts_with(caller_id, $name) or case_ref = $name
    union
    select caller_id, true as is_exact
    from caller_changes
    where other_caller_id = $name
)

select distinct caller_id
from found
where is_exact or not exists (select 1 from found as others where others.is_exact)
order by caller_id
limit 20
