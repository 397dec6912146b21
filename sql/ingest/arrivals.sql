-- One row per readable record of the file at the door, with its keys. Key: row_number.
-- Params: $source, $batch_id, $is_premises (the source's callers are premises, not numbers).
-- The content digest covers every field, so that two rows are the same only when all of them are.
with

parsed as (
    select * from parsed_rows
),

forms as (
    select * from number_forms
),

keyed as (
    select
        parsed.*,
        forms.e164,
        coalesce(forms.number_kind, 'absent') as number_kind,
        regexp_replace(upper(trim(parsed.premises)), '[\s,]+', ' ', 'g') as premises_folded,
        case
            when parsed.ended_at >= parsed.answered_at
                and date_diff('day', parsed.answered_at, parsed.ended_at) < 7
                then date_diff('second', parsed.answered_at, parsed.ended_at)
        end as derived_talk_seconds
    from parsed
    left join forms on parsed.cli = forms.cli
)

select
    keyed.* exclude (channel, talk_seconds, derived_talk_seconds),
    $batch_id as batch_id,
    $source as source,
    coalesce(channel, '999') as channel,
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
        coalesce(recording_ref, chr(30)), coalesce(premises, chr(30))
    )) as content_digest,
    case when e164 is not null and not $is_premises then token_of('number', e164) end as number_token,
    case when $is_premises and premises_folded <> '' then token_of('premises', premises_folded) end as premises_token,
    case
        when number_kind in ('malformed', 'placeholder') and not $is_premises
            then token_of('cli', upper(regexp_replace(cli, '\s', '', 'g')))
    end as cli_token
from keyed
