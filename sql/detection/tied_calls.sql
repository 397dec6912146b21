-- One row per call and value that it has in common with a marked one, and the mark's own calls among them.
-- Key: call_key, value_number, is_home. Param: $end_at. Values stay inside the vault: what goes on is their number in
-- tie_marks. Temporary. is_home: a person or an address, not the incident's location alone.
with

folded as (
    select
        call_key, content_digest, folded_place(subscriber_address) as home,
        nullif(folded_place(subscriber_postcode), '') as postcode, folded_place(incident_location) as location,
        folded_person(person_name, birth_date) as person
    from vault.call_details
    where
        coalesce(subscriber_address, incident_location, person_name) is not null
        and exists (select 1 from tie_marks)
),

-- What marked calls have, and of an address the home alone: few details hold any of it, so that the others are neither
-- taken apart nor joined to their calls.
marked_values as (
    select value from tie_marks
    union
    select split_part(value, ' ', 1) as value from tie_marks where via = 'address'
),

likely as (
    select *
    from folded
    where
        home in (select value from marked_values)
        or home || postcode in (select value from marked_values)
        or location in (select value from marked_values)
        or person in (select value from marked_values)
),

told as (
    select call_key, content_digest, unnest(tie_values(home, postcode, location, person), recursive := true)
    from likely
),

numbered as (
    select distinct via, value, value_number from tie_marks
),

sieved as (
    select told.call_key, told.content_digest, numbered.value_number, told.is_home
    from told
    inner join numbered on told.value = numbered.value and told.via = numbered.via
    where told.word not in (select replace(words, ' ', '') from rule_lists where list_id = 'nowhere')
),

final as (
    select
        sieved.call_key, sieved.value_number, sieved.is_home, calls.received_at,
        coalesce(calls.number_token, calls.premises_token) as token
    from call_records as calls
    inner join sieved on calls.call_key = sieved.call_key and calls.content_digest = sieved.content_digest
    where calls.received_at < cast($end_at as timestamp)
)

select * from final
