-- One row per link between two number-holding spells. Key: spell_a, spell_b. No params. A person's decision stands
-- before the program's word. What the program did not join by itself is a suggestion: so are a number's spells that a
-- silence alone parts, where either holder ever made a call coded misuse.
with

misusers as (
    select caller_id from callers where coded_misuse_calls > 0
),

silences as (
    select earlier.spell_id as spell_a, later.spell_id as spell_b
    from caller_numbers as later
    inner join caller_numbers as earlier
        on later.token = earlier.token and later.spell_from = earlier.spell_to
    where
        later.split_reason = 'silence' and later.caller_id <> earlier.caller_id
        and later.identity_kind = 'person' and earlier.identity_kind = 'person'
        and (
            later.caller_id in (select caller_id from misusers) or earlier.caller_id in (select caller_id from misusers)
        )
),

found as (
    select
        spell_a, spell_b, cast(null as varchar) as decision, probability, weight, string_split(reasons, '; ') as reasons
    from spell_links
    where is_near
    union all
    select
        decided.spell_a, decided.spell_b, decided.decision, links.probability, links.weight,
        string_split(links.reasons, '; ') as reasons
    from decided_links as decided
    left join spell_links as links on decided.spell_a = links.spell_a and decided.spell_b = links.spell_b
    union all
    select
        least(spell_a, spell_b) as spell_a, greatest(spell_a, spell_b) as spell_b, null as decision,
        null as probability, null as weight, ['same number, after a silence'] as reasons
    from silences
),

final as (
    select
        found.spell_a, found.spell_b, of_a.caller_id as caller_a, of_b.caller_id as caller_b,
        case
            when found.decision = 'same' then 'confirmed'
            when found.decision = 'not_same' then 'refused'
            when of_a.caller_id = of_b.caller_id then 'automatic'
            else 'suggested'
        end as status,
        found.probability, found.weight, coalesce(found.reasons, cast([] as varchar[])) as reasons
    from found
    inner join caller_numbers as of_a on found.spell_a = of_a.spell_id
    inner join caller_numbers as of_b on found.spell_b = of_b.spell_id
    qualify
        row_number() over (
            partition by found.spell_a, found.spell_b order by found.decision nulls last, found.weight desc nulls last
        ) = 1
)

select * from final
