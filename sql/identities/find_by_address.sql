-- One row per caller with a call from a line, or premises, at the address. Key: caller_id. Param: $address.
with

asked as (
    select regexp_replace(upper(trim($address)), '[\s,]+', ' ', 'g') as address
),

there as (
    select call_details.call_key, call_details.content_digest
    from vault.call_details as call_details
    inner join asked
        on regexp_replace(upper(trim(call_details.subscriber_address)), '[\s,]+', ' ', 'g') = asked.address
            or regexp_replace(upper(trim(call_details.premises)), '[\s,]+', ' ', 'g') = asked.address
)

select
    caller_numbers.caller_id,
    any_value(caller_numbers.identity_kind) as identity_kind,
    null::timestamp as held_from,
    null::timestamp as held_to,
    min(call_records.received_at) as first_call_at,
    max(call_records.received_at) as last_call_at,
    count(*) as calls
from there
inner join call_records
    on there.call_key = call_records.call_key and there.content_digest = call_records.content_digest
inner join caller_numbers
    on
        caller_numbers.token = coalesce(call_records.number_token, call_records.premises_token)
        and call_records.received_at >= caller_numbers.spell_from
        and call_records.received_at < caller_numbers.spell_to
group by caller_numbers.caller_id
order by caller_numbers.caller_id
