-- The warehouse, version 1: pseudonymous calls, their versions, batches, run ledger.
-- Derived tables are not here: each is the model of its name under sql/.

create table batch_ledger (
    batch_id varchar primary key,
    source varchar not null,
    file_name varchar not null,
    file_digest varchar not null,
    layout_digest varchar not null,
    rows_read bigint not null,
    accepted bigint not null,
    rejected bigint not null,
    duplicate bigint not null,
    superseded bigint not null,
    first_received_at timestamp,
    last_received_at timestamp,
    ingested_at timestamp not null,
    ingested_by varchar not null,
    withdrawn_at timestamp,
    withdrawn_by varchar,
    withdrawal_reason varchar
);

-- Why rows were rejected (kind 'rejected') and what was odd about rows that went in (kind 'oddity').
create table batch_reasons (
    batch_id varchar not null,
    kind varchar not null,
    reason varchar not null,
    rows bigint not null,
    primary key (batch_id, kind, reason)
);

-- One row per call: its current version. call_key is the keyed token of source and native id.
create table call_records (
    call_key uuid not null,
    content_digest uuid not null,
    version_rank varchar,
    batch_id varchar not null,
    row_number bigint not null,
    source varchar not null,
    channel varchar not null,
    number_token uuid,
    premises_token uuid,
    cli_token uuid, -- of a presented number that is malformed or a placeholder: counted only in the 2005 way
    number_kind varchar not null,
    cli_status varchar,
    received_at timestamp not null,
    answered_at timestamp,
    ended_at timestamp,
    talk_seconds integer,
    wrap_seconds integer,
    opening_code varchar,
    closing_code varchar,
    qualifiers varchar,
    result_code varchar,
    grade varchar,
    borough varchar,
    ward varchar,
    units_assigned integer,
    unit_seconds integer,
    first_assigned_at timestamp,
    arrived_at timestamp
);

-- Versions of a call that a later one supersedes: kept, and brought back when that one is withdrawn.
create table superseded_call_records as select * from call_records where false;

-- Rows found equal in every field to a version already held: a withdrawal of the first bearer leaves them standing.
create table duplicate_sightings (
    call_key uuid not null,
    content_digest uuid not null,
    batch_id varchar not null,
    row_number bigint not null
);

create table run_ledger (
    run_id varchar primary key,
    as_of date not null,
    started_at timestamp not null,
    finished_at timestamp,
    status varchar not null,
    code_version varchar not null,
    settings_digest varchar not null,
    rules_digest varchar not null,
    input_digest varchar not null,
    casebook_head varchar not null,
    published_digest varchar,
    calls bigint,
    misuse_calls bigint,
    persistent_callers bigint,
    failed_checks varchar[],
    warned_checks varchar[],
    steps json
);

-- What each check found on each run and at each landing: the history Great Expectations judges.
create table check_results (
    run_id varchar not null,
    door varchar not null,
    check_name varchar not null,
    severity varchar not null,
    value double,
    low double,
    high double,
    holds boolean not null,
    checked_at timestamp not null
);

-- Small facts about the warehouse itself.
create table marks (
    name varchar primary key,
    value varchar not null
);
