-- One row per call coded misuse before the end of as-of. Key: call_key. Params: $end_at, $headline_channel,
-- $episode_gap_seconds. A stop outranks a doubt; doubt_kind tells of which kind it is. Episodes are numbered on the
-- headline channel only; calls at one moment are ordered by key.
with

coded as (
    select
        calls.call_key, calls.channel, calls.received_at, verdicts.doubt_kind,
        coalesce(calls.number_token, calls.premises_token) as token,
        coalesce(calls.number_token, calls.premises_token, calls.cli_token) as line_token
    from call_records as calls
    inner join code_verdicts as verdicts
        on
            calls.source = verdicts.source
            and calls.closing_code is not distinct from verdicts.closing_code
            and calls.opening_code is not distinct from verdicts.opening_code
            and calls.qualifiers is not distinct from verdicts.qualifiers
            and calls.result_code is not distinct from verdicts.result_code
    where verdicts.is_coded_misuse and calls.received_at < cast($end_at as timestamp)
),

judged as (
    select
        coded.call_key, coded.channel, coded.received_at, caller_numbers.caller_id,
        'n' || left(replace(cast(coded.line_token as varchar), '-', ''), 16) as line_id,
        case when stopped_calls.call_key is null then coded.doubt_kind end as doubt_kind,
        stopped_calls.call_key is null and coded.doubt_kind is not null as is_doubtful,
        stopped_calls.call_key is null and coded.doubt_kind is null as is_misuse
    from coded
    left join stopped_calls on coded.call_key = stopped_calls.call_key
    left join caller_numbers
        on
            coded.token = caller_numbers.token
            and coded.received_at >= caller_numbers.spell_from
            and coded.received_at < caller_numbers.spell_to
),

gaps as (
    select
        call_key, caller_id, received_at,
        date_diff(
            'microsecond',
            lag(received_at) over (partition by caller_id order by received_at, call_key),
            received_at
        ) > cast($episode_gap_seconds as bigint) * 1000000 as starts_anew
    from judged
    where is_misuse and caller_id is not null and channel = cast($headline_channel as varchar)
),

episodes as (
    select
        call_key,
        1 + count(*) filter (where starts_anew) over (
            partition by caller_id order by received_at, call_key rows unbounded preceding
        ) as episode_number
    from gaps
),

final as (
    select
        judged.call_key, judged.line_id, judged.is_doubtful, judged.doubt_kind, judged.is_misuse,
        cast(episodes.episode_number as integer) as episode_number
    from judged
    left join episodes on judged.call_key = episodes.call_key
)

select * from final
