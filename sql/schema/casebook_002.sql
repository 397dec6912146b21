-- sqlfluff:dialect:sqlite
-- The casebook, version 2: the chain is a keyed MAC over salted hashes, so that what an event says of a person can be
-- put away, with a certificate, and the chain still verifies. Events of version 1 are read from events_before,
-- chained anew by misuse.casebook.resealing, and that table then goes. digest is HMAC-SHA256, with the casebook's
-- key, of the whole row with previous_digest; content_hash is the SHA-256 of salt and content. earlier_mac stands for
-- the digest that the event had in version 1.

drop trigger if exists events_are_not_changed;

drop trigger if exists events_are_not_deleted;

drop trigger if exists events_go_on_from_the_last;

drop index if exists events_by_kind;

drop index if exists events_by_case;

alter table events rename to events_before;

create table chain_key (fingerprint text not null);

create table events (
    event_id integer primary key,
    occurred_at text not null,
    actor text not null,
    actor_role text not null,
    kind text not null,
    run_id text,
    in_force_run text,
    rules_version text,
    model_version text,
    content_hash text not null,
    earlier_mac text,
    previous_digest text not null,
    digest text not null unique
);

create index events_by_kind on events (kind);

-- What an event says, and of whom. A row goes only when it is put away.
create table contents (
    event_id integer primary key references events (event_id),
    salt text not null,
    caller_id text,
    case_ref text,
    payload text not null,
    "before" text,
    "after" text
);

create index contents_by_caller on contents (caller_id);

create index contents_by_case on contents (case_ref);

-- The evidence that a decision was taken on, encrypted; kept while the case is.
create table extracts (
    event_id integer primary key references events (event_id),
    sealed blob not null
);

-- What was put away, and the event that certifies it.
create table disposals (
    event_id integer primary key references events (event_id),
    certificate_id integer not null references events (event_id)
);
