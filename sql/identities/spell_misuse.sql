-- One row per number-holding spell with a misuse call in the headline window, as the last run counted. Key: spell_id.
-- No params.
with

final as (
    select number_spells.spell_id, count(*) as misuse_calls
    from window_calls
    inner join call_records on window_calls.call_key = call_records.call_key
    inner join number_spells
        on
            coalesce(call_records.number_token, call_records.premises_token) = number_spells.token
            and call_records.received_at >= number_spells.spell_from
            and call_records.received_at < number_spells.spell_to
    where window_calls.window_name = 'headline' and window_calls.is_misuse
    group by number_spells.spell_id
)

select * from final
