-- One row per batch of the source that is in, with the latest turn of its layout. Key: batch_id.
-- Params: $source; $replaced, a batch that goes out ('' for none); $layout and $layout_turn of a file at the door.
-- A layout that is declared again is the latest again, for what it read before too.
select
    batch_ledger.batch_id,
    case
        when batch_ledger.layout_digest = $layout then $layout_turn
        else max(layout_turns.layout_turn) over (partition by batch_ledger.layout_digest)
    end as layout_turn
from batch_ledger
inner join layout_turns on batch_ledger.batch_id = layout_turns.batch_id
where
    batch_ledger.source = $source
    and batch_ledger.withdrawn_at is null
    and batch_ledger.batch_id <> $replaced
