-- One row per spell, line that its calls came from, and region that it was dialled in. Key: spell_id, line, region.
-- Params: $call_keys, $spells, $regions, $times: lists that go together, of the published calls of one caller;
-- $batches: those that the published run knew of, oldest first. Reads the vault: by role, with a reason, recorded.
with

asked as (
    select
        unnest($call_keys)::uuid as call_key, unnest($spells)::varchar as spell_id,
        unnest($regions)::varchar as region, unnest($times)::timestamp as received_at
),

-- Versions that the published run counted: an earlier one, or one that came in since, may have given somebody else's
-- number.
details as (
    select held.*
    from vault.call_details as held
    left join vault.superseded_details as superseded
        on held.call_key = superseded.call_key and held.content_digest = superseded.content_digest
    where held.call_key in (select call_key from asked) and list_contains($batches, held.batch_id)
    -- A later run that failed may have noted that the version of this one was superseded, too.
    qualify
        row_number() over (
            partition by held.call_key
            order by superseded.call_key is not null, list_position($batches, held.batch_id) desc, held.content_digest
        ) = 1
)

select
    asked.spell_id, coalesce(details.cli, details.premises, 'not held') as line, asked.region,
    details.cli is null as is_premises, min(asked.received_at) as first_call_at, max(asked.received_at) as last_call_at,
    count(distinct asked.call_key) as calls
from asked
inner join details on asked.call_key = details.call_key
group by asked.spell_id, line, asked.region, is_premises
order by first_call_at, line
