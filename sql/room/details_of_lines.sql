-- One row per spell, line that its calls came from, and region that it was dialled in. Key: spell_id, line, region.
-- Params: $call_keys, $spells, $regions, $times: lists that go together, of the published calls of one caller.
with

asked as (
    select
        unnest($call_keys)::uuid as call_key, unnest($spells)::varchar as spell_id,
        unnest($regions)::varchar as region, unnest($times)::timestamp as received_at
)

select
    asked.spell_id, coalesce(details.cli, details.premises, 'not held') as line, asked.region,
    details.cli is null as is_premises, min(asked.received_at) as first_call_at, max(asked.received_at) as last_call_at,
    count(distinct asked.call_key) as calls
from asked
inner join counted_details as details on asked.call_key = details.call_key
group by asked.spell_id, line, asked.region, is_premises
order by first_call_at, line
