-- Of every file, rows read are rows accepted, rejected, duplicate and superseded, and all of them are still held.
-- Door: publication
-- Severity: fail
-- Limits: 0 to 0
-- Finding: up to {value:.0f} rows are not accounted for: {scopes}
-- Next: do not publish: compare `misuse batch list` with the files; restore the last backup if rows are lost
with

held as (
    select batch_id, count(*) as rows
    from (
        select batch_id from call_records
        union all
        select batch_id from superseded_call_records
        union all
        select batch_id from duplicate_sightings
    ) as versions
    group by batch_id
),

ledger as (
    select
        batch_id,
        rows_read - accepted - rejected - duplicate - superseded as unaccounted,
        case when withdrawn_at is null then accepted + duplicate + superseded else 0 end as expected_rows
    from batch_ledger
)

select
    coalesce(ledger.batch_id, held.batch_id) as scope,
    greatest(abs(coalesce(unaccounted, 0)), abs(coalesce(expected_rows, 0) - coalesce(held.rows, 0)))::double as value
from ledger
full join held on ledger.batch_id = held.batch_id
union all
select 'no batch' as scope, 0.0 as value
