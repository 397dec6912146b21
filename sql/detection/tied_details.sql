-- One row per home, location or person as some call's details have it, and value of a marked call that it comes to.
-- Key: home, given_postcode, location, person_name, birth_date, value_number. No params. Temporary, since it identifies.
-- Taken apart once for all calls that say the same: there are several times as many.
with

no_words as (
    select unnest(no_values(words)) as word from rule_lists where list_id = 'nowhere'
),

detailed as (
    select
        coalesce(subscriber_address, premises) as home, subscriber_postcode as given_postcode,
        incident_location as location, person_name, birth_date
    from vault.call_details
    where exists (select 1 from tie_marks)
),

homes as (
    select distinct home, given_postcode from detailed where home is not null
),

locations as (
    select distinct location from detailed where location is not null
),

persons as (
    select distinct person_name, birth_date from detailed where person_name is not null and birth_date is not null
),

-- At once for all its values: taken apart where it is made, each part would make it anew.
valued as materialized (
    select home, given_postcode, home_ties(home, home_postcode(home, given_postcode)) as ties from homes
    union all by name
    select location, location_ties(location) as ties from locations
    union all by name
    select person_name, birth_date, person_ties(person_name, birth_date) as ties from persons
),

told as (
    select home, given_postcode, location, person_name, birth_date, unnest(ties, recursive := true) from valued
),

numbered as (
    select distinct via, value, value_number from tie_marks
),

final as (
    select
        told.home, told.given_postcode, told.location, told.person_name, told.birth_date, numbered.value_number
    from told
    inner join numbered on told.value = numbered.value and told.via = numbered.via
    where
        tied_word(coalesce(told.home, told.location), told.person_name)
        not in (select word from no_words where word is not null)
)

select * from final
