-- One row per place of calls whose versions lie more than 24 hours apart: the file's own rows (batch_id null) or the
-- batch that holds the other version, the one with most first. Key: batch_id.
with

far_calls as (
    select call_key
    from candidates
    group by call_key
    having date_diff('second', min(received_at), max(received_at)) > 86400
)

select
    batch_ledger.batch_id,
    batch_ledger.file_name,
    batch_ledger.layout_digest <> $layout as is_other_layout,
    list(distinct candidates.row_number order by candidates.row_number)[:5] as first_rows,
    count(distinct candidates.call_key) as calls
from candidates
inner join far_calls on candidates.call_key = far_calls.call_key
left join batch_ledger on candidates.batch_id = batch_ledger.batch_id
group by batch_ledger.batch_id, batch_ledger.file_name, batch_ledger.layout_digest
order by calls desc, batch_ledger.batch_id
