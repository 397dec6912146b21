-- One row per number-holding spell with 8 calls or more in the headline window: how the number behaves. Key: spell_id.
-- No params. Of names and birth dates only their diversity leaves the vault; markers are no part of the behaviour.
-- A diversity is the chance that two of its calls differ in the trait: unlike entropy it does not grow with the calls.
with

headline as (
    select *, date_diff('day', greatest(first_date, (select min(local_date) from calls)), last_date) + 1 as log_days
    from windows
    where window_name = 'headline'
),

-- Fewer calls say little of hours or names. Callers first, so that the joins below see few calls.
often as (
    select calls.caller_id
    from calls
    inner join headline on calls.received_at >= headline.window_from and calls.received_at < headline.window_to
    where calls.caller_id is not null
    group by calls.caller_id
    having count(*) >= 8
),

spell_calls as (
    select
        numbers.spell_id, records.content_digest, calls.*,
        headline.log_days, calls.is_misuse and calls.channel = headline.channel as is_headline_misuse
    from calls
    inner join often on calls.caller_id = often.caller_id
    inner join headline on calls.received_at >= headline.window_from and calls.received_at < headline.window_to
    inner join call_records as records on calls.call_key = records.call_key
    inner join caller_numbers as numbers
        on
            records.number_token = numbers.token
            and calls.received_at >= numbers.spell_from and calls.received_at < numbers.spell_to
),

detailed as (
    select
        spell_calls.*, details.birth_date,
        lower(trim(one_spaced(details.person_name))) as person_name,
        date_diff('second', lag(spell_calls.received_at) over in_order, spell_calls.received_at) as gap_seconds
    from spell_calls
    left join vault.call_details as details
        on spell_calls.call_key = details.call_key and spell_calls.content_digest = details.content_digest
    window in_order as (partition by spell_calls.spell_id order by spell_calls.received_at, spell_calls.call_key)
),

traits as (
    select
        spell_id, unnest(['hour', 'code', 'borough', 'ward', 'name', 'birth']) as trait,
        unnest([cast(local_hour as varchar), closing_code, borough, ward, person_name, birth_date]) as found
    from detailed
),

tallied as (
    select spell_id, trait, found, count(*) as times
    from traits
    where found is not null
    group by spell_id, trait, found
),

diversities as (
    select spell_id, map_from_entries(list((trait, diversity))) as diversity
    from (
        select spell_id, trait, 1 - sum(times * (times - 1)) / nullif(sum(times) * (sum(times) - 1), 0) as diversity
        from tallied
        group by spell_id, trait
    ) as by_trait
    group by spell_id
),

habits as (
    select
        spell_id, any_value(caller_id) as caller_id, any_value(identity_kind) as identity_kind,
        count(*) as calls, count(*) filter (where is_headline_misuse) as misuse_calls, max(log_days) as log_days,
        ln(count(*) * 7 / greatest(date_diff('day', min(local_date), max(local_date)) + 1, 7)) as calls_a_week,
        (date_diff('day', min(local_date), max(local_date)) + 1) / max(log_days) as span_share,
        count(distinct local_date) / count(*) as active_share,
        avg(cast(gap_seconds <= 3600 as integer)) as within_hour_share,
        (stddev_pop(gap_seconds) - avg(gap_seconds))
        / nullif(stddev_pop(gap_seconds) + avg(gap_seconds), 0) as burstiness,
        avg(cast(local_hour >= 22 or local_hour < 6 as integer)) as night_share,
        avg(cast(isodow(local_date) >= 6 as integer)) as weekend_share,
        avg(cast(not is_coded_misuse as integer)) as genuine_share,
        avg(cast(number_kind = 'fixed' as integer)) as fixed_share,
        avg(cast(number_kind = 'mobile' as integer)) as mobile_share
    from detailed
    group by spell_id
    having count(*) >= 8
),

final as (
    select
        habits.*, diversity['hour'] as hour_diversity, diversity['code'] as code_diversity,
        diversity['borough'] as borough_diversity, diversity['ward'] as ward_diversity,
        diversity['name'] as name_diversity, diversity['birth'] as birth_diversity
    from habits
    inner join diversities on habits.spell_id = diversities.spell_id
)

select * from final
