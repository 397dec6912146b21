-- One row per part of the calls whose rows stand together: those of one number-holding spell, or of no number on one
-- day. Key: part_id. Param: $end_at. The hash is of all that a row of `calls` is made of but what rules say of a call.
with

unidentified as (
    select
        cast(received_at as date) as received_date, count(*) as calls,
        bit_xor(hash(hash(batch_id, call_key, content_digest))) as fingerprint
    from call_records
    where coalesce(number_token, premises_token) is null and received_at < cast($end_at as timestamp)
    group by cast(received_at as date)
),

final as (
    select spell_id as part_id, hash(spell_id, caller_id, identity_kind, calls, fingerprint) as part_hash
    from caller_numbers
    union all
    select cast(received_date as varchar) as part_id, hash(received_date, calls, fingerprint) as part_hash
    from unidentified
)

select * from final
