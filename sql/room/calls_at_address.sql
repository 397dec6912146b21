-- One row per call from a line, or premises, at the address. Key: call_key. Param: $address. Reads the vault: by role,
-- with a reason, recorded.
with

asked as (
    select regexp_replace(upper(trim($address)), '[\s,]+', ' ', 'g') as address
)

select distinct details.call_key::varchar as call_key
from vault.call_details as details
inner join asked
    on regexp_replace(upper(trim(details.subscriber_address)), '[\s,]+', ' ', 'g') = asked.address
        or regexp_replace(upper(trim(details.premises)), '[\s,]+', ' ', 'g') = asked.address
order by call_key
