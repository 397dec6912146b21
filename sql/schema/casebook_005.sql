-- sqlfluff:dialect:sqlite
-- The casebook, version 5: who held which number as each run published it, and the hits by which rules stopped whom.
-- With them an event is read as it was meant: of the holder, and of the hits, that whoever recorded it could see.
-- They are too many for a payload; the event that published them holds their digest.

-- Numbers that passed on alone: the spell of any other number is the number's. Times are UTC, in ISO 8601. A row held
-- from the event that published it until the one that published otherwise.
create table holders (
    number_id text not null,
    spell_id text not null,
    first_call_at text not null,
    last_call_at text,
    since_event integer not null references events (event_id),
    until_event integer references events (event_id)
);

create index holders_by_number on holders (number_id);

-- Those of the run that is shown, and since; older ones go.
create table stop_hits (
    caller_id text not null,
    rule_id text not null,
    hit text not null,
    since_event integer not null references events (event_id),
    until_event integer references events (event_id)
);

create index stop_hits_by_caller on stop_hits (caller_id, rule_id);

create trigger holders_come_with_their_event before insert on holders
when
    new.since_event is not (select max(event_id) from events) or new.until_event is not null
    or not exists (select 1 from events where events.event_id = new.since_event and events.kind = 'holders_published')
begin
    select raise(abort, 'the casebook is append-only: who held a number comes with its event');
end;

create trigger holders_are_not_changed before update on holders
when
    old.until_event is not null or new.until_event is null
    or new.number_id is not old.number_id or new.spell_id is not old.spell_id
    or new.first_call_at is not old.first_call_at or new.last_call_at is not old.last_call_at
    or new.since_event is not old.since_event
    or new.until_event is not (select max(event_id) from events)
    or not exists (select 1 from events where events.event_id = new.until_event and events.kind = 'holders_published')
begin
    select raise(abort, 'the casebook is append-only: who held a number then is not changed');
end;

create trigger holders_are_not_deleted before delete on holders
begin
    select raise(abort, 'the casebook is append-only: who held a number then is not deleted');
end;
