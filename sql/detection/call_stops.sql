-- One row per call and rule that hit it. Key: call_key, rule_id. Params: $end_at, $codeword_pattern.
-- Markers and remarks stay in the vault; only which rule was hit comes out of it. $codeword_pattern is every
-- pattern of rule_codewords as one, so that remarks are searched once; with no rule it matches nothing.
with

details as (
    select
        call_key, content_digest, markers,
        case when regexp_matches(lower(remarks), cast($codeword_pattern as varchar)) then lower(remarks) end as remarks
    from vault.call_details
    where markers is not null or regexp_matches(lower(remarks), cast($codeword_pattern as varchar))
),

live_calls as (
    select call_key, content_digest, received_at, coalesce(number_token, premises_token) as token
    from call_records
    where received_at < cast($end_at as timestamp)
),

detailed as (
    select live_calls.call_key, live_calls.received_at, live_calls.token, details.markers, details.remarks
    from live_calls
    inner join details
        on live_calls.call_key = details.call_key and live_calls.content_digest = details.content_digest
),

-- Lists are judged once each, of which there are few, and not once a call.
marker_lists as (
    select markers, marker_text(markers) as text from (select distinct markers from detailed) as lists
),

-- Found by a needle's first word, so that not every list is searched for every needle.
list_words as (
    select distinct markers, text, unnest(string_split(text, ' ')) as word
    from marker_lists
),

needles as (
    select distinct * exclude (marker), split_part(trim(needle, '| '), ' ', 1) as word
    from (select *, unnest(marker_needles(marker)) as needle from rule_hard_stops) as rules
),

found as (
    select list_words.markers, list_words.text, needles.* exclude (word)
    from list_words
    inner join needles on list_words.word = needles.word and contains(list_words.text, needles.needle)
),

-- A reviewed phrase means what it says and not what a part of it would: a hospital walk-out is no hospital.
judged_markers as (
    select distinct found.* exclude (text, needle)
    from found
    anti join found as longer
        on
            found.markers = longer.markers and found.needle <> longer.needle and contains(longer.needle, found.needle)
            and not contains(replace(found.text, longer.needle, ' | '), found.needle)
),

marker_hits as (
    select detailed.call_key, detailed.received_at, detailed.token, judged_markers.* exclude (markers)
    from detailed
    inner join judged_markers on detailed.markers = judged_markers.markers
),

rule_traits as (
    select
        rule_id, max(scope) as scope, bool_or(is_urgent) as is_urgent, bool_or(support_first) as support_first,
        max(duty_role) as duty_role
    from rule_hard_stops
    group by rule_id
),

-- A codeword reaches as far as its rule, urgently unless that says otherwise; without a rule it stops its own call.
codeword_hits as (
    select
        detailed.call_key, detailed.received_at, detailed.token, rule_codewords.rule_id,
        coalesce(rule_traits.scope, 'call') as scope,
        true as is_stop, coalesce(rule_traits.is_urgent, true) as is_urgent,
        coalesce(rule_traits.support_first, false) as support_first, false as makes_shared_line, rule_traits.duty_role
    from detailed
    inner join rule_codewords on regexp_matches(detailed.remarks, rule_codewords.pattern)
    left join rule_traits on rule_codewords.rule_id = rule_traits.rule_id
),

hits as (
    select * from marker_hits
    union all by name
    select * from codeword_hits
),

final as (
    select
        call_key, rule_id, max(scope) as scope, bool_or(is_stop) as is_stop, bool_or(is_urgent) as is_urgent,
        bool_or(support_first) as support_first, bool_or(makes_shared_line) as makes_shared_line,
        nullif(max(duty_role), '') as duty_role, received_at, token
    from hits
    group by call_key, rule_id, received_at, token
)

select * from final
