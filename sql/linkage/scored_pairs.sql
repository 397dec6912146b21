-- One row per pair worth keeping, as vault.identity_pairs holds it. Key: record_a, record_b.
-- Params: $digest, $prior, $floor, $household, $name_weights, $home_weights, $birth_weights, $name_words,
-- $postcode_words, $address_words, $birth_words.
-- Two of one household share a home and a surname: where both names have words that the other lacks, and no birth
-- date speaks for one person, a pair weighs no more than $household.
with

weighed as (
    select
        *,
        coalesce($name_weights[name + 1], 0) + coalesce($home_weights[home + 1], 0)
        + coalesce($birth_weights[birth + 1], 0) + $prior as bits,
        name % 3 = 1 and coalesce(birth, 0) < 4 as may_be_two
    from pair_levels
),

capped as (select *, case when may_be_two then least(bits, $household) else bits end as weight from weighed),

final as (
    select
        $digest as model_digest,
        record_a,
        record_b,
        round(1 / (1 + pow(2, -weight)), 6) as probability,
        round(weight, 3) as weight,
        concat_ws(
            '; ', $name_words[name + 1], $postcode_words[home // 5 + 1], $address_words[home % 5 + 1],
            $birth_words[birth + 1], case when bits > weight then 'perhaps two of one household' end
        ) as reasons
    from capped
    where weight > $floor
)

select * from final
