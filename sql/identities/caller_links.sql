-- One row per link of a caller, most certain first; without a caller, per open suggestion, most misuse first.
-- Key: spell_a, spell_b. Param: $caller_id, null for every suggestion. Misuse calls are those of the two callers in
-- the headline window.
with

misuse as (
    select caller_id, misuse_calls from caller_windows where window_name = 'headline'
),

asked as (
    select
        caller_links.spell_a, caller_links.spell_b, caller_links.caller_a, caller_links.caller_b,
        caller_links.status, caller_links.probability, caller_links.weight, caller_links.reasons
    from caller_links
    where
        case
            when $caller_id is null then caller_links.status = 'suggested'
            else $caller_id in (caller_links.caller_a, caller_links.caller_b)
        end
),

final as (
    select
        asked.*,
        coalesce(of_a.misuse_calls, 0) as misuse_calls_a,
        case when asked.caller_a = asked.caller_b then 0 else coalesce(of_b.misuse_calls, 0) end as misuse_calls_b
    from asked
    left join misuse as of_a on asked.caller_a = of_a.caller_id
    left join misuse as of_b on asked.caller_b = of_b.caller_id
)

select * from final
order by
    case when $caller_id is null then misuse_calls_a + misuse_calls_b else 0 end desc,
    weight desc, spell_a, spell_b
