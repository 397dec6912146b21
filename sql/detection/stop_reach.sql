-- One row per hit that reaches beyond its call, caller that it reaches, and way by which it does, less what was lifted.
-- Key: caller_id, rule_id, via, hit. No params. rule_id 'person' is a stop that somebody entered, each a hit of its own
-- by when it was entered, so that a look at one has not seen the next: it and a stop carried over a change of the
-- identity model reach everyone who may be the same person, too, and stay on whom a run published them on. A lift takes
-- away the hits that stood when it was made, and no other: by a marked call that comes in later, however old, by a link
-- found later to one that was in, or once the caller has a number that was not theirs then, the rule reaches the caller
-- again.
with

lifted_spells as (
    select distinct unnest(spell_ids) as spell_id from casebook_lifts
),

caller_sets as (
    select caller_id, list(spell_id) as spell_ids
    from caller_numbers
    where
        caller_id in (
            select caller_numbers.caller_id
            from caller_numbers
            inner join lifted_spells on caller_numbers.spell_id = lifted_spells.spell_id
        )
    group by caller_id
),

-- A lift is of everything that the caller had.
lifted as (
    select distinct caller_sets.caller_id, lifts.rule_id, unnest(lifts.hits) as hit
    from casebook_lifts as lifts
    inner join caller_sets on list_has_all(lifts.spell_ids, caller_sets.spell_ids)
),

-- What a run published of them stays on whom it was published, and spreads no further from there.
once_published as (
    select
        case when kept.hit = 'carried' then 'carried' else 'person_entered' end as via, kept.rule_id,
        stops.stopped_at as hit_at, stops.is_urgent, unnest(kept.spell_ids) as named_id
    from casebook_kept_stops as kept
    left join casebook_stops as stops on kept.rule_id = 'person' and kept.hit = cast(stops.stop_id as varchar)
    where kept.hit = 'carried' or stops.stop_id is not null
),

entered_reach as (
    select entered.* exclude (caller_id), numbers.caller_id
    from entered_stops as entered
    inner join caller_numbers as spells on entered.spell_id = spells.spell_id
    inner join caller_numbers as numbers on spells.reach_id = numbers.reach_id
    union all by name
    select once_published.*, spells.caller_id
    from once_published
    inner join caller_numbers as spells on once_published.named_id = spells.spell_id
    union all by name
    -- Whoever was stopped stays stopped under the id of then, be there a call of theirs or not: unless it is another's.
    select entered.*
    from entered_stops as entered
    where
        entered.caller_id is not null
        and (entered.spell_id = 'no spell' or entered.caller_id not in (select caller_id from caller_numbers))
),

by_decision as (
    select
        reached.caller_id, reached.rule_id, reached.via,
        'decision' || coalesce(cast(reached.hit_at as varchar), '') as hit, reached.hit_at,
        false as is_silent_only, bool_or(coalesce(rules.is_stop, true)) as is_stop,
        bool_or(coalesce(reached.is_urgent, rules.is_urgent, false)) as is_urgent,
        bool_or(coalesce(rules.support_first, false)) as support_first, max(nullif(rules.duty_role, '')) as duty_role
    from entered_reach as reached
    left join rule_stops as rules on reached.rule_id = rules.rule_id
    group by reached.caller_id, reached.rule_id, reached.via, reached.hit_at
),

final as (
    select rule_reach.*
    from rule_reach
    left join lifted
        on
            rule_reach.caller_id = lifted.caller_id and rule_reach.rule_id = lifted.rule_id
            and rule_reach.hit = lifted.hit
    where lifted.hit is null
    union all by name
    select * from by_decision
)

select * from final
