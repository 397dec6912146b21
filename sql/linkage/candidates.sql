-- One row per pair worth comparing, at least one of the two not compared yet; a record is worth comparing with
-- itself. Key: record_a, record_b; record_a <= record_b. Params: $block_limit.
-- A key that more records share than the limit, against what the model knew, brings nobody together. Who held one
-- number in turn is compared whatever they say; such a pair may come up when both have been compared with others.
-- by_keys: a key brought them together, and not only that they held one number.
with

fresh as (select record_key, unnest(keys) as key from features_to_score),

known as (
    select record_key, key
    from (select record_key, unnest(keys) as key from compared) as held
    semi join fresh using (key)
),

sized as (select key from known group by key having count(*) between 2 and $block_limit),

brought as (
    select
        least(fresh.record_key, known.record_key) as record_a,
        greatest(fresh.record_key, known.record_key) as record_b
    from fresh
    semi join sized using (key)
    inner join known on fresh.key = known.key and fresh.record_key <> known.record_key
),

pairs_found as (
    select record_a, record_b, true as by_keys from brought
    union all
    select record_a, record_b, false as by_keys from turns_to_score
    union all
    select record_key as record_a, record_key as record_b, true as by_keys from features_to_score
),

final as (
    select record_a, record_b, bool_or(by_keys) as by_keys
    from pairs_found
    group by record_a, record_b
)

select * from final
