-- One row per changed spell and combination of details that its calls carry, letter case and runs of space set aside.
-- Key: token, spell_number, and the five details. Param: $end_at. combinations: how many the spell has.
with

combinations as (
    select
        changed_spells.token, changed_spells.spell_number, details.subscriber_name, details.subscriber_address,
        details.subscriber_postcode, details.person_name, details.birth_date, count(*) as calls
    from call_records
    inner join changed_spells
        on
            call_records.number_token = changed_spells.token
            and call_records.received_at >= changed_spells.spell_from
            and call_records.received_at < changed_spells.spell_to
    inner join vault.call_details as details
        on call_records.call_key = details.call_key and call_records.content_digest = details.content_digest
    where
        call_records.received_at < cast($end_at as timestamp)
        and coalesce(
            details.subscriber_name, details.subscriber_address, details.subscriber_postcode, details.person_name,
            details.birth_date
        ) is not null
    group by
        changed_spells.token, changed_spells.spell_number, details.subscriber_name, details.subscriber_address,
        details.subscriber_postcode, details.person_name, details.birth_date
),

folded as (
    select
        token, spell_number, calls,
        nullif(upper(trim(one_spaced(subscriber_name))), '') as subscriber_name,
        nullif(upper(trim(one_spaced(subscriber_address))), '') as subscriber_address,
        nullif(upper(trim(one_spaced(subscriber_postcode))), '') as subscriber_postcode,
        nullif(upper(trim(one_spaced(person_name))), '') as person_name,
        nullif(trim(birth_date), '') as birth_date
    from combinations
),

final as (
    select
        token, spell_number, subscriber_name, subscriber_address, subscriber_postcode, person_name, birth_date,
        sum(calls) as calls, count(*) over (partition by token, spell_number) as combinations
    from folded
    group by
        token, spell_number, subscriber_name, subscriber_address, subscriber_postcode, person_name, birth_date
)

select * from final
