-- A token is a nested keyed SHA-256, cut to 128 bits: the same key and value give the same token for ever,
-- and without the key a list of all telephone numbers tells nothing.
create or replace temp macro token_of(kind, value) as
left(sha256(getvariable('token_key') || sha256(getvariable('token_key') || kind || chr(31) || value)), 32)::uuid
