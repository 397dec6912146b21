-- One row: the turn of the layout that a file of the source is read by now. Params: $source, $layout.
-- Withdrawn batches count: a turn is never given twice.
select
    coalesce(
        max(layout_turns.layout_turn)
        + case when arg_max(batch_ledger.layout_digest, layout_turns.layout_turn) = $layout then 0 else 1 end,
        1
    ) as layout_turn
from batch_ledger
inner join layout_turns on batch_ledger.batch_id = layout_turns.batch_id
where batch_ledger.source = $source
