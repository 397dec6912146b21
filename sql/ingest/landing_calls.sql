-- One row per record that goes in as the current version of its call. Key: call_key. Columns as call_records.
select
    arrivals.call_key,
    arrivals.content_digest,
    arrivals.version_rank,
    arrivals.batch_id,
    arrivals.row_number,
    arrivals.source,
    arrivals.channel,
    arrivals.number_token,
    arrivals.premises_token,
    arrivals.cli_token,
    arrivals.number_kind,
    arrivals.cli_status,
    arrivals.received_at,
    arrivals.answered_at,
    arrivals.ended_at,
    arrivals.talk_seconds,
    arrivals.wrap_seconds,
    arrivals.opening_code,
    arrivals.closing_code,
    arrivals.qualifiers,
    arrivals.result_code,
    arrivals.grade,
    arrivals.borough,
    arrivals.ward,
    arrivals.units_assigned,
    arrivals.unit_seconds,
    arrivals.first_assigned_at,
    arrivals.arrived_at
from arrivals
left join verdicts on arrivals.row_number = verdicts.row_number and verdicts.origin = 'arrival'
where coalesce(verdicts.verdict, 'accepted') = $verdict
