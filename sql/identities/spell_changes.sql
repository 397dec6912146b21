-- One row per number-holding spell of a person: whose it is by the model in force and by the candidate. Key: spell_id.
-- No params. callers_then and callers_now are caller_numbers made with one model and the other.
with

final as (
    select
        callers_then.spell_id, callers_then.caller_id as caller_then, callers_now.caller_id as caller_now,
        callers_then.standard_id as standard_then, callers_now.standard_id as standard_now,
        callers_then.reach_id as reach_then, callers_now.reach_id as reach_now,
        coalesce(spell_misuse.misuse_calls, 0) as misuse_calls
    from callers_then
    inner join callers_now on callers_then.spell_id = callers_now.spell_id
    left join spell_misuse on callers_then.spell_id = spell_misuse.spell_id
    where callers_then.identity_kind = 'person'
)

select * from final
