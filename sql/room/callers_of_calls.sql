-- One row per caller of the calls, as published. Key: caller_id. Param: $call_keys.
select
    caller_id, any_value(identity_kind) as identity_kind, null::timestamp as held_from, null::timestamp as held_to,
    min(received_at) as first_call_at, max(received_at) as last_call_at, count(*) as calls
from calls
where call_key in (select unnest($call_keys)::uuid) and caller_id is not null
group by caller_id
order by caller_id
