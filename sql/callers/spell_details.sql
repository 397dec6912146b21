-- One row per changed spell: of each detail the value that most of its calls carry. Key: spell_id. Param: $end_at.
-- An address or postcode that came with a subscriber of quite another name is not this one's, nor the birth date that
-- came with another person: a record is of one holder, never made up of two. Of values equally often the first by name;
-- letter case and runs of space tell nothing apart. record_key stands for the five together; with one detail alone
-- there is none, unless that is a name of two words or more: how much such a name tells, the model has learned.
with

combinations as (
    select
        changed_spells.token, changed_spells.spell_number, details.subscriber_name, details.subscriber_address,
        details.subscriber_postcode, details.person_name, details.birth_date, count(*) as calls
    from call_records
    inner join changed_spells
        on
            call_records.number_token = changed_spells.token
            and call_records.received_at >= changed_spells.spell_from
            and call_records.received_at < changed_spells.spell_to
    inner join vault.call_details as details
        on call_records.call_key = details.call_key and call_records.content_digest = details.content_digest
    where
        call_records.received_at < cast($end_at as timestamp)
        and coalesce(
            details.subscriber_name, details.subscriber_address, details.subscriber_postcode, details.person_name,
            details.birth_date
        ) is not null
    group by
        changed_spells.token, changed_spells.spell_number, details.subscriber_name, details.subscriber_address,
        details.subscriber_postcode, details.person_name, details.birth_date
),

folded as (
    select
        token, spell_number, calls, count(*) over (partition by token, spell_number) as combinations,
        nullif(upper(trim(regexp_replace(subscriber_name, '\s+', ' ', 'g'))), '') as subscriber_name,
        nullif(upper(trim(regexp_replace(subscriber_address, '\s+', ' ', 'g'))), '') as subscriber_address,
        nullif(upper(trim(regexp_replace(subscriber_postcode, '\s+', ' ', 'g'))), '') as subscriber_postcode,
        nullif(upper(trim(regexp_replace(person_name, '\s+', ' ', 'g'))), '') as person_name,
        nullif(trim(birth_date), '') as birth_date
    from combinations
),

-- Nearly all spells carry one combination; only the others are counted, detail by detail, names first.
names as (
    select
        token, spell_number, calls, unnest(['name', 'person']) as field, unnest([subscriber_name, person_name]) as value
    from folded
    where combinations > 1
),

name_calls as (
    select token, spell_number, field, value
    from names
    where value is not null
    group by token, spell_number, field, value
    qualify row_number() over (partition by token, spell_number, field order by sum(calls) desc, value) = 1
),

held_names as (
    select
        token, spell_number, max(value) filter (where field = 'name') as name,
        max(value) filter (where field = 'person') as person
    from name_calls
    group by token, spell_number
),

-- A slip of the name, or none, is no other holder.
of_holder as (
    select
        folded.*,
        coalesce(jaro_winkler_similarity(folded.subscriber_name, held_names.name) >= 0.88, true) as is_subscriber,
        coalesce(jaro_winkler_similarity(folded.person_name, held_names.person) >= 0.88, true) as is_person
    from folded
    left join held_names on folded.token = held_names.token and folded.spell_number = held_names.spell_number
    where folded.combinations > 1
),

fields as (
    select
        token, spell_number, calls, unnest(['name', 'address', 'postcode', 'person', 'birth']) as field,
        unnest([
            subscriber_name, case when is_subscriber then subscriber_address end,
            case when is_subscriber then subscriber_postcode end, person_name, case when is_person then birth_date end
        ]) as value
    from of_holder
),

most as (
    select token, spell_number, field, value
    from fields
    where value is not null
    group by token, spell_number, field, value
    qualify row_number() over (partition by token, spell_number, field order by sum(calls) desc, value) = 1
),

modal as (
    select
        token, spell_number,
        [subscriber_name, subscriber_address, subscriber_postcode, person_name, birth_date] as details
    from folded
    where combinations = 1
    union all
    select
        token, spell_number,
        [
            max(value) filter (where field = 'name'), max(value) filter (where field = 'address'),
            max(value) filter (where field = 'postcode'), max(value) filter (where field = 'person'),
            max(value) filter (where field = 'birth')
        ] as details
    from most
    group by token, spell_number
),

final as (
    select
        changed_spells.spell_id, changed_spells.calls, changed_spells.fingerprint, modal.details[1] as subscriber_name,
        modal.details[2] as subscriber_address, modal.details[3] as subscriber_postcode,
        modal.details[4] as person_name, modal.details[5] as birth_date,
        list_transform(modal.details, lambda value: coalesce(value, '')) as folds,
        case
            when
                list_count(modal.details) >= 2
                or coalesce(contains(coalesce(modal.details[1], modal.details[4]), ' '), false)
                then token_of('details', array_to_string(folds, chr(31)))
        end as record_key
    from changed_spells
    left join modal on changed_spells.token = modal.token and changed_spells.spell_number = modal.spell_number
)

select * exclude (folds) from final
