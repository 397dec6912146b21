-- One row per call and value that it has in common with a marked one, and the mark's own calls among them.
-- Key: call_key, value_number, is_home. Param: $end_at. Values stay inside the vault: what goes on is their number in
-- tie_marks. Temporary. is_home: a person or an address, not the incident's location alone.
with

no_words as (
    select unnest(no_values(words)) as word from rule_lists where list_id = 'nowhere'
),

detailed as (
    select
        call_key, content_digest, coalesce(subscriber_address, premises) as home, incident_location as location,
        home_postcode(coalesce(subscriber_address, premises), subscriber_postcode) as postcode, person_name, birth_date,
        folded_place(coalesce(subscriber_address, premises)) as home_folded,
        folded_place(incident_location) as location_folded, end_postcode(incident_location) as location_postcode,
        case when person_name is not null then folded_day(birth_date) end as day
    from vault.call_details
    where
        coalesce(subscriber_address, premises, incident_location, person_name) is not null
        and exists (select 1 from tie_marks)
),

-- What marked calls have, and of a person the birth date, of a door the postcode alone: few details hold any of it, so
-- that the others are neither taken apart nor joined to their calls.
hints as (
    select value as hint from tie_marks where via = 'place'
    union
    select split_part(value, ' ', 1) as hint from tie_marks where via <> 'person'
    union
    select split_part(value, ' ', 2) as hint from tie_marks where via = 'person'
),

likely as (
    select call_key, content_digest, home, postcode, location, folded_person(person_name, birth_date) as person
    from detailed
    where
        postcode in (select hint from hints)
        or home_folded in (select hint from hints)
        or home_folded || postcode in (select hint from hints)
        or location_folded in (select hint from hints)
        or location_postcode in (select hint from hints)
        or day in (select hint from hints)
),

-- At once for all its values: taken apart where it is made, each part would make it anew.
valued as materialized (
    select call_key, content_digest, tie_values(home, postcode, location, person) as ties from likely
),

told as (
    select call_key, content_digest, unnest(ties, recursive := true) from valued
),

numbered as (
    select distinct via, value, value_number from tie_marks
),

sieved as (
    select told.call_key, told.content_digest, numbered.value_number, told.is_home
    from told
    inner join numbered on told.value = numbered.value and told.via = numbered.via
    where told.word not in (select word from no_words where word is not null)
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
