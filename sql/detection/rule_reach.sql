-- One row per hit of a rule that reaches beyond its call, caller that it reaches, and way by which it does, whether
-- or not a person has lifted it. Key: caller_id, rule_id, via, hit. No params. A marker on the caller's own number,
-- on the same number under another holder, or on one that may be the same person's (reach: the loosest identity); one
-- in the register of shared lines; a tie; kept: a run published that the hit reached, by a link or tie that is no more.
-- is_silent_only: a tie of place, or to a line of many people, reaches their silent and abandoned calls alone.
with

traits as (
    select rule_id, is_stop, is_urgent, support_first, nullif(duty_role, '') as duty_role from rule_stops
),

lines as (
    select
        numbers.token, numbers.caller_id, numbers.reach_id, hits.rule_id, cast(hits.call_key as varchar) as hit,
        hits.received_at as hit_at, 'own' as via, hits.is_stop, hits.is_urgent, hits.support_first, hits.duty_role
    from call_stops as hits
    inner join caller_numbers as numbers
        on
            hits.token = numbers.token
            and hits.received_at >= numbers.spell_from and hits.received_at < numbers.spell_to
    where hits.scope = 'caller'
    union all
    select
        numbers.token, numbers.caller_id, numbers.reach_id, traits.rule_id,
        register.token || '@' || epoch_us(register.registered_at) as hit,  -- registered anew it is another
        register.registered_at as hit_at, 'register' as via, traits.* exclude (rule_id)
    from casebook_shared_lines as register
    inner join traits on register.kind = traits.rule_id
    inner join caller_numbers as numbers on register.token = numbers.token
),

by_line as (
    select
        numbers.caller_id,
        case
            when numbers.caller_id = lines.caller_id then lines.via
            when numbers.token = lines.token then 'same_number'
            else 'linked'
        end as via,
        false as is_silent_only, lines.* exclude (token, caller_id, reach_id, via)
    from lines
    inner join caller_numbers as numbers on lines.reach_id = numbers.reach_id
),

by_tie as (
    select
        ties.caller_id, ties.via, ties.via = 'place' or numbers.identity_kind <> 'person' as is_silent_only,
        cast(ties.marked_call_key as varchar) as hit, ties.tied_at as hit_at, traits.*
    from marker_ties as ties
    inner join caller_numbers as numbers on ties.spell_id = numbers.spell_id
    inner join traits on ties.rule_id = traits.rule_id
),

hits as (
    select * from by_line union all by name select * from by_tie
),

reached as (
    select
        caller_id, rule_id, via, hit, min(hit_at) as hit_at, bool_and(is_silent_only) as is_silent_only,
        bool_or(is_stop) as is_stop, bool_or(is_urgent) as is_urgent, bool_or(support_first) as support_first,
        max(duty_role) as duty_role
    from hits
    group by caller_id, rule_id, via, hit
),

once_published as (
    select rule_id, hit, is_silent_only, unnest(spell_ids) as named_id from casebook_kept_stops
),

kept as (
    select
        spells.caller_id, once_published.rule_id, 'kept' as via, once_published.hit, marked.received_at as hit_at,
        bool_and(once_published.is_silent_only) as is_silent_only, marked.is_stop, marked.is_urgent,
        marked.support_first, marked.duty_role
    from once_published
    inner join caller_numbers as spells on once_published.named_id = spells.spell_id
    inner join call_stops as marked
        on once_published.rule_id = marked.rule_id and once_published.hit = cast(marked.call_key as varchar)
    where marked.is_stop
    group by all
),

-- Joined by equality alone, or each kept hit would be held against each that reaches somebody now.
covered as (
    select caller_id, rule_id, hit, bool_and(is_silent_only) as is_silent_only from reached group by all
),

final as (
    select * from reached
    union all by name
    select kept.*
    from kept
    left join covered
        on kept.caller_id = covered.caller_id and kept.rule_id = covered.rule_id and kept.hit = covered.hit
    where covered.hit is null or not coalesce(kept.is_silent_only or not covered.is_silent_only, false)
)

select * from final
