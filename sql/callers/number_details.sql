-- One row per changed number and the details of a holder that its calls carry, where the number has several or has
-- been silent for long. Key: token, detail, first_at. Params: $end_at, $number_gap_days.
-- detail 'subscriber' is a subscriber's name (its words, less titles and fillers) and postcode; 'person' is a name and
-- a date of birth that a caller gave; 'silence' is a silence of $number_gap_days or more, from call to call.
with

live_calls as (
    select changed_numbers.token, call_records.call_key, call_records.content_digest, call_records.received_at
    from call_records
    inner join changed_numbers on call_records.number_token = changed_numbers.token
    where changed_numbers.calls > 1 and call_records.received_at < cast($end_at as timestamp)
),

silences as (
    select
        token,
        lag(received_at) over (partition by token order by received_at) as first_at,
        received_at as last_at
    from live_calls
    qualify last_at - first_at >= to_days(cast($number_gap_days as integer))
),

-- All others stay with one holder, whatever their details say. Compared by hashes: many numbers, and one text each.
varied as (
    select live_calls.token
    from live_calls
    inner join vault.call_details as details
        on live_calls.call_key = details.call_key and live_calls.content_digest = details.content_digest
    where details.subscriber_name is not null or details.subscriber_postcode is not null
    group by live_calls.token
    having
        min(hash(details.subscriber_name)) filter (where details.subscriber_name is not null)
        <> max(hash(details.subscriber_name)) filter (where details.subscriber_name is not null)
        and min(hash(details.subscriber_postcode)) filter (where details.subscriber_postcode is not null)
        <> max(hash(details.subscriber_postcode)) filter (where details.subscriber_postcode is not null)
),

open_calls as (
    select *
    from live_calls
    where token in (select token from silences union all select token from varied)
),

logged as (
    select
        open_calls.token, details.subscriber_name, details.subscriber_postcode, details.person_name,
        details.birth_date, min(open_calls.received_at) as first_at, max(open_calls.received_at) as last_at
    from open_calls
    inner join vault.call_details as details
        on open_calls.call_key = details.call_key and open_calls.content_digest = details.content_digest
    where
        details.subscriber_name is not null
        or details.subscriber_postcode is not null
        or (details.person_name is not null and details.birth_date is not null)
    group by
        open_calls.token, details.subscriber_name, details.subscriber_postcode, details.person_name,
        details.birth_date
),

folded as (
    select
        token, first_at, last_at,
        nullif(list_filter(name_words(subscriber_name), lambda word: length(word) > 1), []) as words,
        nullif(regexp_replace(upper(subscriber_postcode), '[^A-Z0-9]', '', 'g'), '') as postcode,
        upper(trim(one_spaced(person_name))) || ' ' || trim(birth_date) as person
    from logged
),

final as (
    select
        token, 'subscriber' as detail, words, postcode, min(first_at) as first_at, max(last_at) as last_at
    from folded
    where words is not null or postcode is not null
    group by token, words, postcode
    union all
    select
        token, 'person' as detail, [person] as words, null as postcode, min(first_at) as first_at,
        max(last_at) as last_at
    from folded
    where person is not null
    group by token, person
    union all
    select token, 'silence' as detail, null as words, null as postcode, first_at, last_at
    from silences
)

select * from final
