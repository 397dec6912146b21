-- One row: whom a caller's calls name, each call as the last run counted it: what came in since may be of somebody
-- else. Param: $caller_id.
with

details as (
    select call_details.*
    from calls
    inner join call_records
        on
            calls.call_key = call_records.call_key and calls.batch_id = call_records.batch_id
            and calls.received_at = call_records.received_at
    inner join vault.call_details as call_details
        on call_records.call_key = call_details.call_key
            and call_records.content_digest = call_details.content_digest
    where calls.caller_id = $caller_id
)

select
    list(distinct subscriber_name) filter (where subscriber_name is not null) as subscriber_names,
    list(distinct subscriber_address) filter (where subscriber_address is not null) as subscriber_addresses,
    list(distinct person_name) filter (where person_name is not null) as person_names,
    list(distinct birth_date) filter (where birth_date is not null) as birth_dates
from details
