-- The warehouse, version 2: what is kept of number-holding spells from run to run, and the model of a run.
-- The first two tables are caches: each row is a function of the calls that its fingerprint stands for, and is made
-- anew when those change. They hold no detail: a record's key is its keyed token.

-- One row per number: the calls at which it may have passed to somebody else.
create table number_evidence (
    token uuid not null,
    calls bigint not null,
    fingerprint ubigint not null,
    splits struct(split_at timestamp, reason varchar)[]
);

-- One row per number-holding spell of a number: the vault's record of its details, null where too few are known.
create table spell_records (
    spell_id varchar not null,
    calls bigint not null,
    fingerprint ubigint not null,
    record_key uuid
);

-- Of another shape before; the next run makes it anew.
drop table if exists caller_numbers;

alter table run_ledger add column model_digest varchar;
