-- The warehouse, version 3: in which order a source's layouts were declared, told by the files that they read.
-- A turn is a layout's time of being in force. It goes up where a file is read by another layout than the file before,
-- so that no clock has a say in which reading of a call is the later one.

create table layout_turns (
    batch_id varchar primary key,
    layout_turn bigint not null
);

-- Of batches taken in before: the layout that was in force last comes last.
insert into layout_turns
select
    batch_ledger.batch_id,
    dense_rank() over (
        partition by batch_ledger.source order by layouts.last_used_at, batch_ledger.layout_digest
    ) as layout_turn
from batch_ledger
inner join (
    select source, layout_digest, max(ingested_at) as last_used_at
    from batch_ledger
    group by source, layout_digest
) as layouts
    on batch_ledger.source = layouts.source and batch_ledger.layout_digest = layouts.layout_digest;
