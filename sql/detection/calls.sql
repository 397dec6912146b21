-- One row per call before the end of as-of: the published relation, and all that later models count from.
-- Key: call_key. Params: $end_at, $reporting_zone. Built once, since it is wide: the narrow models before it decide.
-- Each join is written with the narrow side last: that side is hashed.
with

live_calls as (
    select
        *,
        coalesce(number_token, premises_token) as token,
        received_at at time zone 'UTC' at time zone cast($reporting_zone as varchar) as received_local
    from call_records
    where received_at < cast($end_at as timestamp)
),

final as (
    select
        live_calls.call_key,
        live_calls.source,
        live_calls.batch_id,
        caller_numbers.spell_id,
        caller_numbers.caller_id,
        caller_numbers.identity_kind,
        coded_calls.line_id,
        live_calls.channel,
        live_calls.number_kind,
        live_calls.cli_status,
        live_calls.received_at,
        live_calls.received_local,
        cast(live_calls.received_local as date) as local_date,
        cast(extract(hour from live_calls.received_local) as utinyint) as local_hour,
        live_calls.answered_at,
        live_calls.ended_at,
        -- Answered before it was received is a clock's fault, not a measurement.
        cast(
            case
                when live_calls.answered_at >= live_calls.received_at
                    then date_diff('second', live_calls.received_at, live_calls.answered_at)
            end as integer
        ) as answer_seconds,
        live_calls.talk_seconds,
        live_calls.wrap_seconds,
        case
            when live_calls.talk_seconds is not null or live_calls.wrap_seconds is not null
                then coalesce(live_calls.talk_seconds, 0) + coalesce(live_calls.wrap_seconds, 0)
        end as handling_seconds,
        live_calls.opening_code,
        live_calls.closing_code,
        live_calls.qualifiers,
        live_calls.result_code,
        live_calls.grade,
        live_calls.borough,
        live_calls.ward,
        live_calls.units_assigned,
        live_calls.unit_seconds,
        live_calls.first_assigned_at,
        live_calls.arrived_at,
        coded_calls.call_key is not null as is_coded_misuse,
        stopped_calls.call_key is not null as is_stopped,
        coalesce(coded_calls.is_doubtful, false) as is_doubtful,
        coded_calls.doubt_kind,
        coalesce(coded_calls.is_misuse, false) as is_misuse,
        coded_calls.episode_number
    from live_calls
    left join caller_numbers
        on
            live_calls.token = caller_numbers.token
            and live_calls.received_at >= caller_numbers.spell_from
            and live_calls.received_at < caller_numbers.spell_to
    left join coded_calls on live_calls.call_key = coded_calls.call_key
    left join stopped_calls on live_calls.call_key = stopped_calls.call_key
)

select * from final
