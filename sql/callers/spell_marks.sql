-- One row per spell, or premises, and rule whose marker says that many people call from there. Key: spell_id, rule_id.
-- No params. A marker speaks of the holder on whose call it stands, before a silence and after it: a care home from
-- which nobody rang for months is no person afterwards. Only a new subscriber is another holder.
with

holders as (
    select
        spell_id, token, spell_from, spell_to,
        count(*) filter (where split_reason = 'subscriber') over (
            partition by token order by spell_from rows unbounded preceding
        ) as holder
    from number_spells
    where token in (select token from call_stops where makes_shared_line)
),

marked as (
    select distinct holders.token, holders.holder, call_stops.rule_id
    from holders
    inner join call_stops
        on
            holders.token = call_stops.token
            and holders.spell_from <= call_stops.received_at and holders.spell_to > call_stops.received_at
    where call_stops.makes_shared_line
),

final as (
    select holders.spell_id, marked.rule_id
    from holders
    inner join marked on holders.token = marked.token and holders.holder = marked.holder
)

select * from final
