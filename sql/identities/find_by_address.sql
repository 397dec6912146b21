-- One row per caller with a call from a line, or premises, at the address. Key: caller_id. Params: $address.
with

asked as (
    select regexp_replace(upper(trim($address)), '[\s,]+', ' ', 'g') as address
),

there as (
    select distinct call_details.call_key
    from vault.call_details as call_details
    inner join asked
        on regexp_replace(upper(trim(call_details.subscriber_address)), '[\s,]+', ' ', 'g') = asked.address
            or regexp_replace(upper(trim(call_details.premises)), '[\s,]+', ' ', 'g') = asked.address
)

select
    caller_numbers.caller_id,
    any_value(caller_numbers.identity_kind) as identity_kind,
    count(*) as calls
from there
inner join call_records on there.call_key = call_records.call_key
inner join caller_numbers on caller_numbers.token = coalesce(call_records.number_token, call_records.premises_token)
group by caller_numbers.caller_id
order by caller_numbers.caller_id
