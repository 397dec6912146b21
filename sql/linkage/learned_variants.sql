-- One row per two words that stand for one another in records that agree in all else: learned, not looked up.
-- Key: kind, term, other.
-- Params: $priors, $name_weights, $home_weights, $birth_weights, $least_weight, $least_witnesses.
-- Words of names are learned where home and birth date alone make one person likely, words of addresses where name
-- and birth date do. Each two words must come up with several witnesses, a birth date, postcode or name
-- that both records have (one person's slips make none), and far more often than chance brings them together.
with

weighed as (
    select
        record_a,
        record_b,
        coalesce($name_weights[name + 1], 0) as name_bits,
        coalesce($home_weights[home + 1], 0) as home_bits,
        coalesce($birth_weights[birth + 1], 0) as birth_bits,
        $priors[known_of(name, home, birth) + 1] as prior_bits
    from pair_levels
    where record_a <> record_b
),

agreeing as (
    select
        'name' as kind,
        case when a.birth = b.birth then a.birth else a.postcode end as witness,
        rest_of(a.names, b.names) as words_a,
        rest_of(b.names, a.names) as words_b
    from weighed
    inner join features as a on record_a = a.record_key
    inner join features as b on record_b = b.record_key
    where home_bits + birth_bits + prior_bits >= $least_weight and (a.birth = b.birth or a.postcode = b.postcode)
    union all
    select 'place', a.names[1], rest_of(a.places, b.places), rest_of(b.places, a.places)
    from weighed
    inner join features as a on record_a = a.record_key
    inner join features as b on record_b = b.record_key
    where name_bits + birth_bits + prior_bits >= $least_weight and a.names[1] = b.names[1]
),

numbered as (
    select row_number() over () as pair, *
    from agreeing
    where len(words_a) between 1 and 4 and len(words_b) between 1 and 4
),

crossed as (
    select pair, kind, witness, word_of(word) as term, word_of(unnest(words_b)) as other
    from (select pair, kind, witness, words_b, unnest(words_a) as word from numbered) as left_out
),

both_ways as (
    select pair, kind, witness, term, other from crossed where length(term) > 2 and length(other) > 2
    union all
    select pair, kind, witness, other, term from crossed where length(term) > 2 and length(other) > 2
),

totals as (select kind, count(distinct pair) as pairs from both_ways group by kind),

single as (select kind, term, count(distinct pair) as pairs from both_ways group by kind, term),

together as (
    select kind, term, other, count(distinct pair) as pairs, count(distinct witness) as witnesses
    from both_ways
    group by kind, term, other
),

final as (
    select
        'variant ' || kind as kind,
        term,
        other,
        round(log2(together.pairs * totals.pairs / (a.pairs * b.pairs)), 2) as amount
    from together
    inner join totals using (kind)
    inner join single as a using (kind, term)
    inner join single as b on together.kind = b.kind and other = b.term
    where witnesses >= $least_witnesses and together.pairs * totals.pairs >= 2 * a.pairs * b.pairs
)

select * from final
