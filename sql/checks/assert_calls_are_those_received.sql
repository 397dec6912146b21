-- The calls published are just those received before the end of as-of, and no other.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} calls differ: {scopes}
-- Next: this is a mistake of the program: keep yesterday's list and report the run's id
-- Params: $as_of, $reporting_zone.
with

held as (
    select call_key, received_at, source
    from call_records
    where received_at < timezone('UTC', timezone($reporting_zone, ($as_of::date + 1)::timestamp))
),

compared as (
    select
        count(*) filter (where calls.call_key is null) as missing,
        count(*) filter (where held.call_key is null) as extra,
        count(*) filter (where calls.received_at <> held.received_at or calls.source <> held.source) as changed
    from held
    full join calls on held.call_key = calls.call_key
)

select 'missing' as scope, missing::double as value from compared
union all
select 'not in the ledger' as scope, extra::double as value from compared
union all
select 'of another version' as scope, changed::double as value from compared
