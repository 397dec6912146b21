-- One row per call that a hard stop bars from being treated as misuse, whatever its code. Key: call_key.
-- Param: $end_at. A stop on the call itself bars it in either scope, also where no caller is known for it to spread to,
-- and after a person has lifted it from the caller.
with

stopped_spells as (
    select token, spell_from, spell_to
    from caller_numbers
    where caller_id in (select caller_id from caller_stops where is_stop)
),

final as (
    select call_key
    from call_hits
    where is_stop
    union
    -- What a rule barred when its caller was put away, by the certificate: whatever rules there are now.
    select calls.call_key
    from call_records as calls
    inner join casebook_kept_stops as kept on calls.call_key = try_cast(kept.hit as uuid)
    where kept.rule_id = 'put_away' and calls.received_at < cast($end_at as timestamp)
    union
    select calls.call_key
    from call_records as calls
    inner join stopped_spells as spells
        on
            coalesce(calls.number_token, calls.premises_token) = spells.token
            and calls.received_at >= spells.spell_from
            and calls.received_at < spells.spell_to
    where calls.received_at < cast($end_at as timestamp)
)

select * from final
