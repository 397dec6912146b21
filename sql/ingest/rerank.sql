-- Of each contested call the version that counts is current, whatever changed the layouts' places: a file by a layout
-- declared again, or a batch that went out. Reads version_turns.
create or replace temp table promoted as
select call_key, content_digest
from version_turns
qualify
    not is_current
    and row_number() over (
        partition by call_key
        order by version_rank desc nulls last, layout_turn desc nulls last, content_digest desc
    ) = 1;

create or replace temp table displaced as
select *
from call_records
where call_key in (select call_key from promoted);

create or replace temp table restored as
select *
from superseded_call_records
where (call_key, content_digest) in (select (call_key, content_digest) from promoted);

delete from call_records where call_key in (select call_key from promoted);

delete from superseded_call_records
where (call_key, content_digest) in (select (call_key, content_digest) from promoted);

insert into call_records select * from restored;

insert into superseded_call_records select * from displaced;
