-- Links say what agrees in words of the program's own, never a value: no digit, no capital letter. They name spells in
-- order, once a pair, and callers as they are.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} links tell too much or the wrong thing: {scopes}
-- Next: do not use the copy: report the run's id at once
with

ends as (
    select
        links.*, of_a.caller_id as held_a, of_b.caller_id as held_b
    from caller_links as links
    left join caller_spells as of_a on links.spell_a = of_a.spell_id
    left join caller_spells as of_b on links.spell_b = of_b.spell_id
)

select
    'a value among the reasons' as scope,
    count(*) filter (where regexp_matches(array_to_string(reasons, ' '), '[0-9A-Z@]'))::double as value
from caller_links
union all
select
    'other callers than the spells have',
    count(*) filter (where caller_a is distinct from held_a or caller_b is distinct from held_b)::double
from ends
union all
select 'spells out of order', count(*) filter (where spell_a >= spell_b)::double
from caller_links
union all
select
    'joined and not said so, or the reverse',
    count(*) filter (
        where (status = 'automatic' and caller_a <> caller_b) or (status = 'suggested' and caller_a = caller_b)
    )::double
from caller_links
