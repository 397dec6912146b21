-- One row: what the calls name. Param: $call_keys. Reads the vault: by role, with a reason, recorded.
select
    list(distinct subscriber_name) filter (where subscriber_name is not null) as subscriber_names,
    list(distinct subscriber_address) filter (where subscriber_address is not null) as subscriber_addresses,
    list(distinct person_name) filter (where person_name is not null) as person_names,
    list(distinct birth_date) filter (where birth_date is not null) as birth_dates,
    count(distinct content_digest) > count(distinct call_key) as has_versions
from vault.call_details
where call_key in (select unnest($call_keys)::uuid)
