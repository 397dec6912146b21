-- One row: whom the calls name, by the version of each that the published run counted: an earlier one, or one that came
-- in since, may have named somebody else. Params: $call_keys; $batches: those that the published run knew of, oldest
-- first. Reads the vault: by role, with a reason, recorded.
with

details as (
    select
        held.*,
        list_contains($batches, held.batch_id) and row_number() over (
            partition by held.call_key, list_contains($batches, held.batch_id)
            order by superseded.call_key is not null, list_position($batches, held.batch_id) desc, held.content_digest
        ) = 1 as is_counting
    from vault.call_details as held
    left join vault.superseded_details as superseded
        on held.call_key = superseded.call_key and held.content_digest = superseded.content_digest
    where held.call_key in (select unnest($call_keys)::uuid)
)

select
    list(distinct subscriber_name) filter (where is_counting and subscriber_name is not null) as subscriber_names,
    list(distinct subscriber_address) filter (where is_counting and subscriber_address is not null)
        as subscriber_addresses,
    list(distinct person_name) filter (where is_counting and person_name is not null) as person_names,
    list(distinct birth_date) filter (where is_counting and birth_date is not null) as birth_dates,
    count(distinct content_digest) > count(distinct call_key) as has_versions
from details
