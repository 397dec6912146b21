-- One row per pair for one of Splink's sessions: records that share what the session blocks on. Params: $session
-- (name, postcode or birth), $most. Key: record_a, record_b.
-- Both ends are drawn by the scatter of their keys, so the draw depends on no order.
with

blocks as (
    select
        record_key,
        case $session
            when 'name' then case when len(names) > 1 then names[1] || names[2] end
            when 'postcode' then postcode
            when 'birth' then case when not is_default_birth(birth) then birth end
        end as block
    from features
),

sizes as (select block, count(*) as records from blocks where block is not null group by block),

kept as (
    select record_key, block
    from blocks
    inner join sizes using (block)
    where records between 2 and 500
),

total as (select sum(records * (records - 1) / 2) as pairs from sizes where records between 2 and 500),

final as (
    select a.record_key as record_a, b.record_key as record_b
    from kept as a
    inner join kept as b on a.block = b.block and a.record_key < b.record_key
    cross join total
    where hash(a.record_key, b.record_key) % 1000000 < 1e6 * $most / greatest(total.pairs, $most)
)

select * from final
