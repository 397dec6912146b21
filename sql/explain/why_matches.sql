-- Callers that a caller id, its beginning, a case reference or an earlier id may mean; an exact one alone.
-- Params: $name, folded: `c` and digits in lower case, or `K-` and digits in upper case. is_split: the id was that of
-- somebody who is several callers now.
with

beginning as (
    select case when starts_with($name, 'K-') then 'c' || lower(substr($name, 3)) else $name end as of_id
),

found as (
    -- A range, which the callers' order on disk makes quick; 'g' comes after every hexadecimal digit.
    select caller_id, caller_id = $name as is_exact, false as is_split
    from callers
    where
        caller_id >= (select of_id from beginning)
        and caller_id < (select of_id || 'g' from beginning)
    union all
    select caller_id, true as is_exact, change = 'split' as is_split
    from caller_changes
    where other_caller_id = $name and change <> 'passed'
    union all
    select cases.caller_id, true as is_exact, false as is_split
    from cases
    semi join callers on cases.caller_id = callers.caller_id
    where cases.case_ref = $name
    union all
    select caller_id, true as is_exact, false as is_split
    from tasking_list
    where case_ref = $name
    union all
    select caller_id, false as is_exact, change = 'split' as is_split
    from caller_changes
    where
        change <> 'passed'
        and (starts_with(other_caller_id, $name) or 'K-' || upper(substr(other_caller_id, 2, 10)) = $name)
)

select caller_id, bool_or(is_split) as is_split
from found
where is_exact or not exists (select 1 from found as others where others.is_exact)
group by caller_id
order by caller_id
limit 20
