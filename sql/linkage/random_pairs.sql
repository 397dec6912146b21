-- One row per pair drawn by chance: every record beside those that lie some steps on in the scatter of keys, and
-- every record with a birth date beside others with one, since few may have one. Key: record_a, record_b.
-- Params: $seed, $most.
with

pools as (
    select record_key, 'all' as pool from features
    union all
    select record_key, 'with birth' from features where birth is not null
),

scattered as (
    select
        record_key,
        pool,
        row_number() over (partition by pool order by hash(record_key, $seed), record_key) as place,
        count(*) over (partition by pool) as records
    from pools
),

steps as (select pool, least(2000, greatest(1, $most // count(*))) as steps from pools group by pool),

chosen as (
    select scattered.*, unnest(range(1, steps + 1)) as step
    from scattered
    inner join steps using (pool)
    where place <= $most // steps
),

final as (
    select distinct least(a.record_key, b.record_key) as record_a, greatest(a.record_key, b.record_key) as record_b
    from chosen as a
    inner join scattered as b on a.pool = b.pool and b.place = (a.place + a.step * a.step) % a.records + 1
    where a.record_key <> b.record_key
)

select * from final
