-- sqlfluff:dialect:sqlite
-- The casebook, version 1 (SQLite): one append-only table of events, each chained to the one before.
-- Times are UTC as text. payload is canonical JSON; digest is the SHA-256 of the whole event with previous_digest.

create table schema_version (version integer not null);

create table events (
    event_id integer primary key,
    occurred_at text not null,
    actor text not null,
    actor_role text not null,
    kind text not null,
    caller_id text,
    case_ref text,
    run_id text,
    payload text not null,
    previous_digest text not null,
    digest text not null unique
);

create index events_by_kind on events (kind, caller_id);

create index events_by_case on events (case_ref);

create trigger events_are_not_changed before update on events
begin
    select raise(abort, 'the casebook is append-only: no event is changed');
end;

create trigger events_are_not_deleted before delete on events
begin
    select raise(abort, 'the casebook is append-only: no event is deleted');
end;

create trigger events_go_on_from_the_last before insert on events
when
    new.event_id is not (select coalesce(max(event_id), 0) + 1 from events)
    or new.previous_digest is not coalesce(
        (select digest from events order by event_id desc limit 1),
        '0000000000000000000000000000000000000000000000000000000000000000'
    )
begin
    select raise(abort, 'the casebook is a chain: an event follows the last one');
end;
