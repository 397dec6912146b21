-- sqlfluff:dialect:sqlite
-- The casebook, version 3: what keeps the tables of version 2 append-only for whoever opens the file in good faith.
-- What somebody does who drops these triggers first, `misuse audit verify` finds.

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

create trigger contents_are_not_changed before update on contents
begin
    select raise(abort, 'the casebook is append-only: no event is changed');
end;

create trigger contents_go_with_a_certificate before delete on contents
when not exists (select 1 from disposals where disposals.event_id = old.event_id)
begin
    select raise(abort, 'the casebook is append-only: contents go only with a certificate');
end;

create trigger contents_come_with_their_event before insert on contents
when
    new.event_id is not (select max(event_id) from events)
    or exists (select 1 from contents where contents.event_id = new.event_id)
begin
    select raise(abort, 'the casebook is append-only: contents come with their event');
end;

create trigger extracts_are_not_changed before update on extracts
begin
    select raise(abort, 'the casebook is append-only: no extract is changed');
end;

create trigger extracts_go_with_a_certificate before delete on extracts
when not exists (select 1 from disposals where disposals.event_id = old.event_id)
begin
    select raise(abort, 'the casebook is append-only: an extract goes only with a certificate');
end;

create trigger disposals_are_certified before insert on disposals
when
    not exists (select 1 from events where events.event_id = new.certificate_id and events.kind = 'disposed')
    or new.event_id >= new.certificate_id
begin
    select raise(abort, 'the casebook is append-only: what is put away has a certificate');
end;

create trigger disposals_are_not_changed before update on disposals
begin
    select raise(abort, 'the casebook is append-only: no certificate is changed');
end;

create trigger disposals_are_not_deleted before delete on disposals
begin
    select raise(abort, 'the casebook is append-only: no certificate is taken back');
end;
