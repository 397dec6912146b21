-- One row per number-holding spell of a number that passed on: its time with the number. Key: spell_id. No params.
-- number_id: the id of the number's first spell. Times in ISO 8601; a number's last spell has no last call yet.
-- In the order in which the casebook keeps them.
with

first_spells as (
    select token, spell_id as number_id
    from number_spells
    where spell_number = 1
),

passed_on as (
    select distinct token
    from number_spells
    where spell_number > 1
),

final as (
    select
        first_spells.number_id, number_spells.spell_id,
        strftime(number_spells.first_call_at, '%Y-%m-%dT%H:%M:%S.%f') as first_call_at,
        case
            when number_spells.spell_to < timestamp 'infinity'
                then strftime(number_spells.last_call_at, '%Y-%m-%dT%H:%M:%S.%f')
        end as last_call_at
    from number_spells
    inner join passed_on on number_spells.token = passed_on.token
    inner join first_spells on number_spells.token = first_spells.token
)

select * from final
order by number_id, spell_id, first_call_at
