-- Callers that a caller id, its beginning, a case reference or an earlier id may mean; an exact one alone.
-- Params: $name, folded: `c` and digits in lower case, or `K-` and digits in upper case. is_split: the id was that of
-- somebody who is several callers now.
with

named as (
    select caller_id, 'K-' || upper(substr(caller_id, 2, 10)) as case_ref
    from callers
),

found as (
    select caller_id, caller_id = $name as is_exact, false as is_split
    from named
    where starts_with(caller_id, $name) or case_ref = $name
    union all
    select caller_id, true as is_exact, change = 'split' as is_split
    from caller_changes
    where other_caller_id = $name
    union all
    select cases.caller_id, true as is_exact, false as is_split
    from cases
    inner join named on cases.caller_id = named.caller_id
    where cases.case_ref = $name
    union all
    select caller_id, false as is_exact, change = 'split' as is_split
    from caller_changes
    where starts_with(other_caller_id, $name) or 'K-' || upper(substr(other_caller_id, 2, 10)) = $name
)

select caller_id, bool_or(is_split) as is_split
from found
where is_exact or not exists (select 1 from found as others where others.is_exact)
group by caller_id
order by caller_id
limit 20
