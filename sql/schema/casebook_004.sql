-- sqlfluff:dialect:sqlite
-- The casebook, version 4: passwords as argon2 hashes, outside the chain's readable payload. The event that set one
-- holds a MAC of the hash, so that a hash put in by hand opens nothing.

create table passwords (
    user_name text primary key,
    hash text not null,
    event_id integer not null references events (event_id)
);
