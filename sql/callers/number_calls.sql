-- One row per number or premises with a call before the end of as-of. Key: token. Param: $end_at.
-- The fingerprint tells whether the calls are those of the last run: what depends on them alone is then kept. Hashed
-- twice, since of several values the engine's hash takes the last as it is, and an even number of equal ones cancel.
select
    coalesce(number_token, premises_token) as token,
    bool_and(number_token is null) as is_premises,
    min(number_kind) filter (where number_token is not null) as number_kind,
    count(*) as calls,
    min(received_at) as first_call_at,
    max(received_at) as last_call_at,
    bit_xor(hash(hash(batch_id, call_key, content_digest))) as fingerprint
from call_records
where coalesce(number_token, premises_token) is not null and received_at < cast($end_at as timestamp)
group by coalesce(number_token, premises_token)
