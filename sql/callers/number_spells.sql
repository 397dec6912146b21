-- One row per number-holding spell: one holder's time with a number; premises have one spell. Key: spell_id. Params:
-- $end_at, $number_gap_settled_days. The interval is half-open, endless before the first and after the last spell: a
-- call belongs to the spell that its number and time fall into. A silence parts spells only once the call that ended
-- it is $number_gap_settled_days old, so that a late call cannot join them again. spell_number, and with it the id,
-- goes by when the split became settled: a silence that settles after a later holder was known takes the next number,
-- and nobody else's id changes hands. The fingerprint stands for the spell and its calls.
with

splits as (
    select number_evidence.token, unnest(number_evidence.splits, recursive := true)
    from number_evidence
    where len(number_evidence.splits) > 0
),

-- A new subscriber's first call may end a silence too: one split, by the better reason.
starts as (
    select
        token, split_at as spell_from, max(reason) as split_reason,
        min(
            case
                when reason = 'subscriber' then split_at
                else split_at + to_days(cast($number_gap_settled_days as integer))
            end
        ) as settled_at
    from splits
    group by token, split_at
    having settled_at < cast($end_at as timestamp)
    union all
    select distinct
        token, timestamp '-infinity' as spell_from, null as split_reason, timestamp '-infinity' as settled_at
    from splits
),

parts as (
    select
        *,
        lead(spell_from, 1, timestamp 'infinity') over (partition by token order by spell_from) as spell_to,
        row_number() over (partition by token order by settled_at, spell_from) as spell_number,
        count(*) over (partition by token) as spells
    from starts
),

parted as (
    select * from parts where spells > 1
),

part_calls as (
    select
        parted.token, parted.spell_number, count(*) as calls, min(call_records.received_at) as first_call_at,
        max(call_records.received_at) as last_call_at,
        bit_xor(hash(hash(
            call_records.batch_id, call_records.call_key, call_records.content_digest
        ))) as fingerprint
    from call_records
    inner join parted
        on
            call_records.number_token = parted.token
            and call_records.received_at >= parted.spell_from
            and call_records.received_at < parted.spell_to
    where call_records.received_at < cast($end_at as timestamp)
    group by parted.token, parted.spell_number
),

final as (
    select
        number_calls.token,
        's' || left(case
            when coalesce(parted.spell_number, 1) = 1 then replace(cast(number_calls.token as varchar), '-', '')
            else sha256(replace(cast(number_calls.token as varchar), '-', '') || '#' || parted.spell_number)
        end, 16) as spell_id,
        cast(coalesce(parted.spell_number, 1) as integer) as spell_number,
        number_calls.is_premises, number_calls.number_kind,
        coalesce(parted.spell_from, timestamp '-infinity') as spell_from,
        coalesce(parted.spell_to, timestamp 'infinity') as spell_to,
        coalesce(part_calls.first_call_at, number_calls.first_call_at) as first_call_at,
        coalesce(part_calls.last_call_at, number_calls.last_call_at) as last_call_at,
        coalesce(part_calls.calls, number_calls.calls) as calls,
        parted.split_reason,
        xor(
            coalesce(part_calls.fingerprint, number_calls.fingerprint),
            hash(number_calls.token, coalesce(parted.spell_number, 1))
        ) as fingerprint
    from number_calls
    left join parted on number_calls.token = parted.token
    left join part_calls on parted.token = part_calls.token and parted.spell_number = part_calls.spell_number
)

select * from final
