-- One row per pair worth keeping, as vault.identity_pairs holds it. Key: record_a, record_b. Params: $digest, $priors,
-- $turn_prior, $floor, $household, $name_weights, $home_weights, $birth_weights, $name_words, $postcode_words,
-- $address_words, $birth_words. Two of one household share a home and a surname: where names differ, both have words
-- that the other lacks or one is not known, and no birth date speaks for one person, or where birth dates differ, a
-- pair weighs no more than $household. A pair that held one number in turn is kept whatever it weighs; holders of
-- other numbers with such details were never compared unless a key brings them together, and so weigh $floor.
with

weighed as (
    select
        *,
        coalesce($name_weights[name + 1], 0) + coalesce($home_weights[home + 1], 0)
        + coalesce($birth_weights[birth + 1], 0) as bits,
        $priors[known_of(name, home, birth) + 1] as prior_bits,
        coalesce(name = 0 or name % 3 = 1, true) and coalesce(birth, 0) < 4 or coalesce(birth <= 1, false) as may_be_two
    from pair_levels
),

capped as (
    select
        *,
        case when may_be_two then least(bits + prior_bits, $household) else bits + prior_bits end as weight,
        case when may_be_two then least(bits + $turn_prior, $household) else bits + $turn_prior end
            as same_number_weight
    from weighed
),

final as (
    select
        $digest as model_digest,
        record_a,
        record_b,
        round(case when candidates.by_keys then weight else $floor end, 3) as weight,
        round(same_number_weight, 3) as same_number_weight,
        concat_ws(
            '; ', $name_words[name + 1], $postcode_words[home // 5 + 1], $address_words[home % 5 + 1],
            $birth_words[birth + 1], case when bits + prior_bits > weight then 'perhaps two of one household' end
        ) as reasons
    from capped
    inner join candidates using (record_a, record_b)
    left join vault.identity_turns as turns using (record_a, record_b)
    where weight > $floor or turns.record_a is not null
)

select * from final
