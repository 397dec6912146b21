-- One row: whom the calls name. Key: none. No params. has_versions: of a call the vault holds others.
select
    list(distinct subscriber_name) filter (where subscriber_name is not null) as subscriber_names,
    list(distinct subscriber_address) filter (where subscriber_address is not null) as subscriber_addresses,
    list(distinct person_name) filter (where person_name is not null) as person_names,
    list(distinct birth_date) filter (where birth_date is not null) as birth_dates,
    coalesce(max(versions) > 1, false) as has_versions
from counted_details
