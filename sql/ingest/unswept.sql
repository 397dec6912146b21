-- One row per batch that the vault holds more of than the warehouse does: it never got in, was withdrawn, or bears
-- rows in the vault that another batch bears in the warehouse. Counting by batch spares every ingest a join by call.
with

held as (
    select batch_id, count(*) as rows
    from (
        select batch_id from call_records
        union all
        select batch_id from superseded_call_records
    ) as versions
    group by batch_id
),

details as (
    select batch_id, count(*) as rows
    from vault.call_details
    group by batch_id
)

select details.batch_id
from details
left join held on details.batch_id = held.batch_id
where details.rows > coalesce(held.rows, 0)

union

select batch_id
from vault.rejected_rows
where batch_id not in (select batch_id from batch_ledger where withdrawn_at is null)

union

-- A number keeps the name of the batch that brought it first, so that only one never in is a sign.
select batch_id
from vault.numbers
where batch_id not in (select batch_id from batch_ledger)

union

select batch_id
from vault.premises
where batch_id not in (select batch_id from batch_ledger)
