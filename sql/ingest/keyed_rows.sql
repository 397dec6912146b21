-- One row per record of the file at the door, with its keys; reason says why it cannot go in. Key: row_number.
-- Params: $source, $batch_id, $is_premises (the source's callers are premises, not numbers), $region (of its numbers),
-- $no_premises (what says that no place is known, folded as premises are: such calls are nobody's).
-- Read straight off the parsing, so that a record is written once; a number's kind is null where it waits to be parsed
-- alone. The content digest covers every field, and what its number was read as other than by default, so that two rows
-- are the same only when all of it is. What stood in a code's column and is none leaves it here.
with

parsed as (
    select * from keyed_numbers
),

keyed as (
    select
        parsed.*,
        regexp_replace(upper(trim(parsed.premises)), '[\s,]+', ' ', 'g') as premises_folded,
        case
            when parsed.ended_at >= parsed.answered_at
                and date_diff('day', parsed.answered_at, parsed.ended_at) < 7
                then date_diff('second', parsed.answered_at, parsed.ended_at)
        end as derived_talk_seconds
    from parsed
)

select
    keyed.* exclude (talk_seconds, derived_talk_seconds, premises_folded) replace (
        case when cli is null then 'absent' else number_kind end as number_kind,
        code_only(coalesce(channel, '999'), $in_code) as channel,
        code_only(cli_status, $in_code) as cli_status,
        code_only(opening_code, $in_code) as opening_code,
        code_only(closing_code, $in_code) as closing_code,
        code_only(qualifiers, $in_code) as qualifiers,
        code_only(result_code, $in_code) as result_code,
        code_only(grade, $in_code) as grade,
        code_only(borough, $in_code) as borough,
        code_only(ward, $in_code) as ward
    ),
    nullif(
        concat_ws(
            ' | ',
            case when code_only(channel, $in_code) <> channel then channel end,
            case when code_only(cli_status, $in_code) <> cli_status then cli_status end,
            case when code_only(opening_code, $in_code) <> opening_code then opening_code end,
            case when code_only(closing_code, $in_code) <> closing_code then closing_code end,
            case when code_only(qualifiers, $in_code) <> qualifiers then qualifiers end,
            case when code_only(result_code, $in_code) <> result_code then result_code end,
            case when code_only(grade, $in_code) <> grade then grade end,
            case when code_only(borough, $in_code) <> borough then borough end,
            case when code_only(ward, $in_code) <> ward then ward end
        ),
        ''
    ) as free_text_codes,
    $batch_id as batch_id,
    $source as source,
    coalesce(talk_seconds, derived_talk_seconds)::integer as talk_seconds,
    token_of('call', $source || chr(31) || call_id) as call_key,
    token_of('content', concat_ws(
        chr(31), call_id, version_rank,
        received_at, coalesce(answered_at::varchar, chr(30)), coalesce(ended_at::varchar, chr(30)),
        coalesce(talk_seconds::varchar, chr(30)), coalesce(wrap_seconds::varchar, chr(30)),
        coalesce(channel, chr(30)), coalesce(cli, chr(30)), coalesce(cli_status, chr(30)),
        coalesce(subscriber_name, chr(30)), coalesce(subscriber_address, chr(30)),
        coalesce(subscriber_postcode, chr(30)), coalesce(person_name, chr(30)), coalesce(birth_date, chr(30)),
        coalesce(opening_code, chr(30)), coalesce(closing_code, chr(30)), coalesce(qualifiers, chr(30)),
        coalesce(result_code, chr(30)), coalesce(grade, chr(30)), coalesce(borough, chr(30)), coalesce(ward, chr(30)),
        coalesce(incident_location, chr(30)), coalesce(incident_ref, chr(30)), coalesce(linked_ref, chr(30)),
        coalesce(handler_ref, chr(30)), coalesce(units_assigned::varchar, chr(30)),
        coalesce(unit_seconds::varchar, chr(30)), coalesce(first_assigned_at::varchar, chr(30)),
        coalesce(arrived_at::varchar, chr(30)), coalesce(markers, chr(30)), coalesce(remarks, chr(30)),
        coalesce(recording_ref, chr(30)), coalesce(premises, chr(30)),
        nullif(case when $is_premises then 'premises' else $region end, 'GB')
    )) as content_digest,
    case
        when $is_premises and premises_folded <> ''
            and trim(premises_folded) not in (select unnest(cast($no_premises as varchar[])))
            then token_of('premises', premises_folded)
    end as premises_token
from keyed
