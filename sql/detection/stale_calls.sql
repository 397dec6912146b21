-- One row per call whose row in the kept table of calls may not be that of now: every call of a stale part, as it was
-- and as it is, and whatever rules say otherwise of than the kept row does. Key: call_key. Param: $end_at.
with

spells as (
    select caller_numbers.token, caller_numbers.spell_from, caller_numbers.spell_to
    from caller_numbers
    inner join stale_parts on caller_numbers.spell_id = stale_parts.part_id
),

days as (
    select try_cast(part_id as date) as received_date
    from stale_parts
    where try_cast(part_id as date) is not null
),

-- As the last run left them.
kept as (
    select call_key from calls where spell_id in (select part_id from stale_parts)
    union all
    select call_key from calls where spell_id is null and cast(received_at as date) in (select received_date from days)
),

-- As they came in.
present as (
    select call_records.call_key
    from call_records
    inner join spells
        on
            coalesce(call_records.number_token, call_records.premises_token) = spells.token
            and call_records.received_at >= spells.spell_from and call_records.received_at < spells.spell_to
    where call_records.received_at < cast($end_at as timestamp)
    union all
    select call_key
    from call_records
    where
        coalesce(number_token, premises_token) is null and received_at < cast($end_at as timestamp)
        and cast(received_at as date) in (select received_date from days)
),

kept_rulings as (
    select
        call_key,
        hash(
            line_id, is_coded_misuse, is_stopped, is_doubtful, doubt_kind, is_misuse, episode_number
        ) as ruling
    from calls
    where is_coded_misuse or is_stopped
),

rulings as (
    select
        coalesce(coded_calls.call_key, stopped_calls.call_key) as call_key,
        hash(
            coded_calls.line_id, coded_calls.call_key is not null, stopped_calls.call_key is not null,
            coalesce(coded_calls.is_doubtful, false), coded_calls.doubt_kind, coalesce(coded_calls.is_misuse, false),
            coded_calls.episode_number
        ) as ruling
    from coded_calls
    full join stopped_calls on coded_calls.call_key = stopped_calls.call_key
),

ruled_otherwise as (
    select coalesce(rulings.call_key, kept_rulings.call_key) as call_key
    from rulings
    full join kept_rulings on rulings.call_key = kept_rulings.call_key
    where rulings.ruling is distinct from kept_rulings.ruling
),

final as (
    select call_key from kept
    union
    select call_key from present
    union
    select call_key from ruled_otherwise
)

select * from final
