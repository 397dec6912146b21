-- One row per pair of number-holding spells whose details the model in force has compared, but for the unlikely.
-- Key: spell_a, spell_b. Params: $identity_model, $review_weight. Shared lines are linked to nobody, nor is a record
-- that stands for more numbers than one person has: 50. Without a birth date a record that stands for more than five
-- may be a company or a household: its links are suggestions at most.
with

pairs as (
    select record_a, record_b, weight, same_number_weight, reasons
    from vault.identity_pairs
    where model_digest = cast($identity_model as varchar)
),

paired as (
    select record_a as record_key from pairs
    union
    select record_b as record_key from pairs
),

linkable as (
    select spell_records.spell_id, spell_records.record_key, number_spells.token
    from spell_records
    inner join number_spells on spell_records.spell_id = number_spells.spell_id
    where
        spell_records.record_key in (select record_key from paired)
        and spell_records.spell_id not in (select spell_id from shared_spells)
    qualify count(*) over (partition by spell_records.record_key) <= 50
),

companies as (
    select linkable.record_key
    from linkable
    inner join vault.identity_records as records on linkable.record_key = records.record_key
    where records.birth_date is null
    group by linkable.record_key
    having count(distinct linkable.token) > 5
),

linked as (
    select
        least(one.spell_id, other.spell_id) as spell_a, greatest(one.spell_id, other.spell_id) as spell_b,
        case when one.token = other.token then pairs.same_number_weight else pairs.weight end as weight,
        case when one.token = other.token then 'held the same number in turn; ' else '' end || pairs.reasons as reasons,
        pairs.record_a in (select record_key from companies)
        or pairs.record_b in (select record_key from companies) as may_be_many
    from pairs
    inner join linkable as one on pairs.record_a = one.record_key
    inner join linkable as other on pairs.record_b = other.record_key
    where pairs.record_a <> pairs.record_b or one.spell_id < other.spell_id
),

weighed as (
    select
        linked.spell_a, linked.spell_b,
        case when linked.may_be_many then least(linked.weight, cast($review_weight as double)) else linked.weight end
            as weight,
        linked.reasons || case when linked.may_be_many then '; perhaps a company or a household' else '' end as reasons
    from linked
),

final as (
    select
        spell_a, spell_b, round(1 / (1 + pow(2, -weight)), 6) as probability, weight, reasons,
        weight >= cast($review_weight as double) as is_near
    from weighed
)

select * from final
