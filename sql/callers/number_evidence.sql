-- One row per changed number: the calls at which it may have passed to somebody else. Key: token. No params.
-- splits: the first call of a new subscriber ('subscriber'), and the call that ends a silence ('silence'), which counts
-- once it is settled: number_spells decides that.
-- Two subscribers differ where their postcodes differ and no word of one name is like one of the other. A number has
-- passed on where all before a call differ from all since: details that alternate, a slip, a short form, a new name or
-- a new address alone are no change. Whoever is known on both sides of a silence has kept the number.
with

subscribers as (
    select
        token, words, postcode, first_at, last_at, array_to_string(words, '') as letters,
        words is not null and postcode is not null as is_whole
    from number_details
    where detail = 'subscriber'
    -- With more details than that, callers' names stand in the subscriber's column.
    qualify count(*) over (partition by token) <= 40
),

-- From when to when one is known to have held the number: by one detail, or by two that are alike.
stretches as (
    select token, first_at, last_at, is_whole
    from subscribers
    union all
    select
        one.token, least(one.first_at, other.first_at) as first_at, greatest(one.last_at, other.last_at) as last_at,
        one.is_whole or other.is_whole as is_whole
    from subscribers as one
    inner join subscribers as other
        on one.token = other.token and (one.letters, one.postcode) is distinct from (other.letters, other.postcode)
    where
        one.postcode = other.postcode
        or jaro_winkler_similarity(one.letters, other.letters) >= 0.88
        or len(list_filter(
            one.words,
            lambda word: len(list_filter(other.words, lambda near: jaro_winkler_similarity(word, near) >= 0.88)) > 0
        )) > 0
),

marked as (
    select
        *,
        coalesce(first_at > max(last_at) over (
            partition by token order by first_at, last_at rows between unbounded preceding and 1 preceding
        ), true) as is_new
    from stretches
),

numbered as (
    select
        *,
        -- A range, not rows: of two stretches that are alike either may be the new one.
        count(*) filter (where is_new) over (
            partition by token order by first_at, last_at range unbounded preceding
        ) as holder
    from marked
),

-- Half a detail tells nobody apart: the number stays with whoever had it.
holders as (
    select token, min(first_at) as first_at
    from numbered
    group by token, holder
    having bool_or(is_whole)
),

known_spans as (
    select token, first_at, last_at from stretches
    union all
    select token, first_at, last_at from number_details where detail = 'person'
),

kept_silences as (
    select distinct silences.token, silences.last_at
    from number_details as silences
    inner join known_spans on silences.token = known_spans.token
    where
        silences.detail = 'silence'
        and known_spans.first_at <= silences.first_at and known_spans.last_at >= silences.last_at
),

splits as (
    select token, struct_pack(split_at := first_at, reason := 'subscriber') as split
    from holders
    qualify row_number() over (partition by token order by first_at) > 1
    union all
    select token, struct_pack(split_at := last_at, reason := 'silence') as split
    from number_details
    where detail = 'silence' and (token, last_at) not in (select (token, last_at) from kept_silences)
),

final as (
    select
        changed_numbers.token, changed_numbers.calls, changed_numbers.fingerprint,
        coalesce(list(splits.split order by splits.split) filter (where splits.token is not null), []) as splits
    from changed_numbers
    left join splits on changed_numbers.token = splits.token
    group by changed_numbers.token, changed_numbers.calls, changed_numbers.fingerprint
)

select * from final
