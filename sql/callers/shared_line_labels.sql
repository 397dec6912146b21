-- One row per spell of shared_line_behaviour: what the training is told of it. Key: spell_id. No params.
-- A known line has a marker that makes shared lines, or stands in the register. Who the operator says holds a number
-- is no behaviour: where that is a place or a firm and nobody marked it, the number is neither a person's nor known.
-- Numbers of one address, or of one caller, share a holdout_group, so that none is judged by its neighbour.
with

spells as (
    select
        behaviour.spell_id, behaviour.caller_id, behaviour.identity_kind,
        numbers.token, numbers.spell_from, numbers.spell_to
    from shared_line_behaviour as behaviour
    inner join caller_numbers as numbers on behaviour.spell_id = numbers.spell_id
),

kinds as (
    select spells.spell_id, marks.rule_id as kind
    from spells
    inner join spell_marks as marks on spells.spell_id = marks.spell_id
    union
    select spells.spell_id, casebook_shared_lines.kind
    from spells
    inner join casebook_shared_lines on spells.token = casebook_shared_lines.token
),

holders as (
    select
        spells.spell_id,
        max(details.subscriber_address || ' ' || coalesce(details.subscriber_postcode, '')) as address,
        any_value(spells.caller_id) as caller_id,
        count(details.subscriber_name) > 0 as is_named,
        coalesce(bool_or(regexp_matches(
            lower(details.subscriber_name),
            '\b((care|nursing|residential|rest|children''?s) home|house|lodge|hostel|hotel|shelter|refuge|hospital'
            || '|clinic|surgery|medical|nhs|trust|council|housing|school|college|academy|nursery|university'
            || '|ltd|limited|plc|llp|services?|centre|alarms?|telecare|monitoring|receiving'
            || '|public|payphones?|kiosks?|telephones?)\b'
        )), false) as names_a_place
    from spells
    inner join call_records as records
        on
            spells.token = records.number_token
            and spells.spell_from <= records.received_at and spells.spell_to > records.received_at
    left join vault.call_details as details
        on records.call_key = details.call_key and records.content_digest = details.content_digest
    group by spells.spell_id
),

final as (
    select
        spells.spell_id, spells.identity_kind = 'shared_line' as is_known, holders.is_named, holders.names_a_place,
        list_sort(list(distinct kinds.kind) filter (where kinds.kind is not null)) as kinds,
        left(md5(any_value(coalesce(holders.address, holders.caller_id))), 3) as holdout_group
    from spells
    inner join holders on spells.spell_id = holders.spell_id
    left join kinds on spells.spell_id = kinds.spell_id
    group by spells.spell_id, spells.identity_kind, holders.is_named, holders.names_a_place
)

select * from final
