-- The vault, version 1: what identifies. Rows carry the batch that brought them, so that a crash
-- between the vault's transaction and the warehouse's can be swept or completed.

create table call_details (
    call_key uuid not null,
    content_digest uuid not null,
    batch_id varchar not null,
    call_id varchar not null,
    cli varchar,
    premises varchar,
    subscriber_name varchar,
    subscriber_address varchar,
    subscriber_postcode varchar,
    person_name varchar,
    birth_date varchar,
    incident_location varchar,
    incident_ref varchar,
    linked_ref varchar,
    handler_ref varchar,
    markers varchar,
    remarks varchar,
    recording_ref varchar,
    free_text_codes varchar -- what stood in the columns of codes and was none
);

-- One row per distinct usable number. Key: number_token.
create table numbers (
    number_token uuid not null,
    e164 varchar not null,
    number_kind varchar not null,
    batch_id varchar not null
);

-- One row per distinct premises key. Key: premises_token.
create table premises (
    premises_token uuid not null,
    premises varchar not null,
    batch_id varchar not null
);

create table rejected_rows (
    batch_id varchar not null,
    row_number bigint not null,
    reason varchar not null,
    raw varchar,
    rejected_at timestamp not null
);
