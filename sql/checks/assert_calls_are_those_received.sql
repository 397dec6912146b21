-- The calls published are just those received before the end of as-of, and no other.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} calls differ: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
-- Params: $as_of, $reporting_zone.
with

-- Of two midnights, where clocks go back over one, the first ends the day.
day_ends as (
    select min(ends_at) as ends_at
    from (
        select unnest([late - interval 1 hour, late]) as ends_at
        from (select timezone('UTC', timezone($reporting_zone, ($as_of::date + 1)::timestamp)) as late) as latest
    ) as midnights
    where timezone($reporting_zone, timezone('UTC', ends_at)) >= ($as_of::date + 1)::timestamp
),

held as (
    select call_key, received_at, source, batch_id
    from call_records
    where received_at < (select ends_at from day_ends)
),

compared as (
    select
        count(*) filter (where calls.call_key is null) as missing,
        count(*) filter (where held.call_key is null) as extra,
        -- A version comes with a batch of its own.
        count(*) filter (
            where
            calls.received_at <> held.received_at or calls.source <> held.source or calls.batch_id <> held.batch_id
        ) as changed
    from held
    full join calls on held.call_key = calls.call_key
)

select 'missing' as scope, missing::double as value from compared
union all
select 'not in the ledger' as scope, extra::double as value from compared
union all
select 'of another version' as scope, changed::double as value from compared
