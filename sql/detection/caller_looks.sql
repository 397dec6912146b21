-- One row per caller whom a person looked at, as the caller now is. Key: caller_id. No params.
-- A look follows the number-holding spells that it was given for, as a case does, and counts for whoever has them all:
-- who was split off is looked at again. A newer look at the same spells and perhaps more takes an older one's place.
-- Of several looks at parts of one caller each one's stops count as seen, by their ids; where one look is of before
-- stops had ids, the largest one's count, and the oldest one's date, so that no stop counts as seen twice.
with

looks as (
    select
        caller_id as looked_id, acknowledged_at, coalesce(urgent_stops_seen, 0) as urgent_stops_seen, stops_seen,
        case
            when len(spell_ids) > 0 then list_sort(list_distinct(spell_ids))
            else ['s' || substr(caller_id, 2)]
        end as spell_ids
    from casebook_acknowledgements
),

look_spells as (
    select looked_id, len(spell_ids) as spell_count, unnest(spell_ids) as spell_id
    from looks
),

spells as (select distinct spell_id, caller_id from caller_numbers),

holders as (
    select look_spells.looked_id, spells.caller_id
    from look_spells
    inner join spells on look_spells.spell_id = spells.spell_id
    group by look_spells.looked_id, look_spells.spell_count, spells.caller_id
    having count(*) = look_spells.spell_count
),

held as (
    select holders.caller_id, looks.*
    from holders
    inner join looks on holders.looked_id = looks.looked_id
),

standing as (
    select held.*
    from held
    anti join held as newer
        on
            held.caller_id = newer.caller_id and held.looked_id <> newer.looked_id
            and held.acknowledged_at < newer.acknowledged_at and list_has_all(newer.spell_ids, held.spell_ids)
),

final as (
    select
        caller_id, min(acknowledged_at) as acknowledged_at, max(urgent_stops_seen) as urgent_stops_seen,
        case
            when bool_and(stops_seen is not null) then list_sort(list_distinct(flatten(list(stops_seen))))
        end as stops_seen
    from standing
    group by caller_id
)

select * from final
