-- One row per record that goes in as the current version of its call. Key: call_key. Columns as call_records.
select
    arrivals.call_key,
    arrivals.content_digest,
    arrivals.version_rank,
    arrivals.batch_id,
    arrivals.row_number,
    arrivals.source,
    code_only(arrivals.channel) as channel,
    arrivals.number_token,
    arrivals.premises_token,
    arrivals.cli_token,
    arrivals.number_kind,
    code_only(arrivals.cli_status) as cli_status,
    arrivals.received_at,
    arrivals.answered_at,
    arrivals.ended_at,
    arrivals.talk_seconds,
    arrivals.wrap_seconds,
    code_only(arrivals.opening_code) as opening_code,
    code_only(arrivals.closing_code) as closing_code,
    code_only(arrivals.qualifiers) as qualifiers,
    code_only(arrivals.result_code) as result_code,
    code_only(arrivals.grade) as grade,
    code_only(arrivals.borough) as borough,
    code_only(arrivals.ward) as ward,
    arrivals.units_assigned,
    arrivals.unit_seconds,
    arrivals.first_assigned_at,
    arrivals.arrived_at
from arrivals
left join verdicts on arrivals.row_number = verdicts.row_number and verdicts.origin = 'arrival'
where coalesce(verdicts.verdict, 'accepted') = $verdict
