-- Rows of estimates on safeguards that no marker, remark or code of the live sources can ever set off: how many there
-- are, and for how many of them nobody's other check counts on as-of. One row per estimate. Key: estimate.
-- Params: $run_id, $as_of, $safeguards, $names.
with

blind as (
    select unnest(cast($names as varchar[])) as rule_id
),

checked as (
    select distinct rule_id
    from casebook_safeguard_checks
    where until >= cast($as_of as date)
),

figures as (
    select
        'safeguards_blind' as estimate,
        'Safeguards that the markers, remarks and codes declared for the live sources can never set off: ' as meaning,
        list(blind.rule_id order by blind.rule_id) as names
    from blind
    union all
    select
        'safeguards_unchecked' as estimate,
        'Of these, safeguards for which no other check by a named person counts: ' as meaning,
        list(blind.rule_id order by blind.rule_id) as names
    from blind
    left join checked on blind.rule_id = checked.rule_id
    where checked.rule_id is null
),

final as (
    select
        cast($run_id as varchar) as run_id, cast($as_of as date) as as_of, estimate, 'headline' as window_name,
        'caller' as counted_by, 'safeguards' as unit, cast(coalesce(len(names), 0) as double) as point,
        cast(null as double) as low, cast(null as double) as high, cast(null as double) as bound_low,
        cast(null as double) as bound_high, cast(coalesce(len(names), 0) as double) as numerator,
        cast($safeguards as double) as denominator,
        meaning || coalesce(nullif(array_to_string(names, ', '), ''), 'none') as method
    from figures
)

select * from final
