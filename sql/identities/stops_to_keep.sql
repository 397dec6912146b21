-- One row per hit of a stop, with the spells of other numbers that it reaches in this run and that no earlier one
-- published it on: from now on it stays there. Without spells it is of the call alone, which a pattern of the caller's
-- history bars. Key: rule_id, hit, is_silent_only. No params. hit: the marked or barred call, the event of a person's
-- stop, or 'carried'. Where the number itself was hit, nothing can part it from the hit.
with

by_rule as (
    select
        stop_reach.rule_id, stop_reach.hit, numbers.spell_id, numbers.token,
        bool_and(stop_reach.is_silent_only) as is_silent_only
    from stop_reach
    inner join caller_numbers as numbers on stop_reach.caller_id = numbers.caller_id
    where stop_reach.is_stop and stop_reach.via not in ('register', 'person_entered', 'carried')
    group by stop_reach.rule_id, stop_reach.hit, numbers.spell_id, numbers.token
),

kept as (
    select rule_id, hit, is_silent_only, unnest(spell_ids) as named_id
    from casebook_kept_stops
),

-- Whoever may be the one who was stopped; and of those whom a run published it on, all the numbers.
spread as (
    select
        entered.rule_id, entered.hit, numbers.spell_id,
        numbers.token = sources.token and not entered.is_moved as is_own_number
    from entered_stops as entered
    inner join caller_numbers as sources on entered.spell_id = sources.spell_id
    inner join caller_numbers as numbers on sources.reach_id = numbers.reach_id
    union all
    select kept.rule_id, kept.hit, numbers.spell_id, false as is_own_number
    from kept
    inner join caller_numbers as spells on kept.named_id = spells.spell_id
    inner join caller_numbers as numbers on spells.caller_id = numbers.caller_id
    where kept.rule_id = 'person' or kept.hit = 'carried'
),

by_decision as (
    select rule_id, hit, spell_id, bool_or(is_own_number) as is_own_number
    from spread
    group by rule_id, hit, spell_id
),

reached as (
    select by_rule.rule_id, by_rule.hit, by_rule.spell_id, by_rule.is_silent_only
    from by_rule
    left join call_stops as marked
        on
            by_rule.rule_id = marked.rule_id and by_rule.hit = cast(marked.call_key as varchar)
            and by_rule.token = marked.token
    where marked.call_key is null
    union all
    select rule_id, hit, spell_id, false as is_silent_only
    from by_decision
    where not is_own_number
),

kept_once as (
    select rule_id, hit, named_id, bool_and(is_silent_only) as is_silent_only
    from kept
    group by rule_id, hit, named_id
),

-- New content, and what a tie bars of nobody known: no number keeps that.
new_calls as (
    select distinct call_hits.rule_id, cast(call_hits.call_key as varchar) as hit
    from call_hits
    inner join rule_stops on call_hits.rule_id = rule_stops.rule_id
    where
        call_hits.is_stop and rule_stops.pattern = 'new_content'
        or call_hits.is_stop and rule_stops.pattern = 'ties' and call_hits.caller_id is null and call_hits.via <> 'own'
),

final as (
    select
        reached.rule_id, reached.hit, reached.is_silent_only, list(reached.spell_id order by reached.spell_id) as spells
    from reached
    left join kept_once as kept
        on reached.rule_id = kept.rule_id and reached.hit = kept.hit and reached.spell_id = kept.named_id
    where kept.hit is null or (kept.is_silent_only and not reached.is_silent_only)
    group by reached.rule_id, reached.hit, reached.is_silent_only
    union all
    select new_calls.rule_id, new_calls.hit, false as is_silent_only, cast([] as varchar[]) as spells
    from new_calls
    left join casebook_kept_stops as kept
        on new_calls.rule_id = kept.rule_id and new_calls.hit = kept.hit and len(kept.spell_ids) = 0
    where kept.hit is null
)

select * from final
order by rule_id, hit, is_silent_only
