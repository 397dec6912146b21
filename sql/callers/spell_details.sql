-- One row per changed spell: of each detail the value that most of its calls carry. Key: spell_id. No params.
-- An address or postcode that came with a subscriber of quite another name is not this one's, nor the birth date that
-- came with another person. Of values equally often the first by name; letter case and runs of space tell nothing
-- apart. record_key stands for the five together; with one detail alone there is none, unless that is a name of two
-- words or more: how much such a name tells, the model has learned.
with

-- Nearly all spells carry one combination; only the others are counted, detail by detail, names first.
names as (
    select
        token, spell_number, calls, unnest(['name', 'person']) as field, unnest([subscriber_name, person_name]) as value
    from spell_combinations
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
        given.*,
        coalesce(jaro_winkler_similarity(given.subscriber_name, held_names.name) >= 0.88, true) as is_subscriber,
        coalesce(jaro_winkler_similarity(given.person_name, held_names.person) >= 0.88, true) as is_person
    from spell_combinations as given
    left join held_names on given.token = held_names.token and given.spell_number = held_names.spell_number
    where given.combinations > 1
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
    from spell_combinations
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
