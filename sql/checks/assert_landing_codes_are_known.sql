-- The codes that decide misuse have been seen before, in earlier calls of the source or in the code list.
-- A source's first batch has nothing to compare with, and is not held to it.
-- Door: landing
-- Severity: warn
-- Limits: 0 to unseen_code_share
-- Finding: {value:.1%} of the rows have a deciding code never seen before ({scopes})
-- Next: see them with `misuse source check`; if any means misuse, a reviewer adds it to the code list
-- Needs: rule_misuse_codes
with

deciding as (
    select
        source,
        coalesce(closing_code, opening_code) as code
    from landing_calls
),

earlier as (
    select distinct source, coalesce(closing_code, opening_code) as code
    from call_records
    where source in (select source from landing_calls)
),

listed as (
    select distinct source, upper(trim(code)) as code from rule_misuse_codes
),

unseen as (
    select
        deciding.source,
        count(*) filter (where earlier.code is null and listed.code is null and deciding.code is not null) as calls,
        count(distinct deciding.code) filter (where earlier.code is null and listed.code is null) as codes,
        count(*) as landing_calls
    from deciding
    left join earlier using (source, code)
    left join listed using (source, code)
    where deciding.source in (select source from earlier)
    group by deciding.source
)

select codes || ' codes of ' || source as scope, calls / landing_calls as value
from unseen
union all
select 'nothing earlier' as scope, 0.0 as value
