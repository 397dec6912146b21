-- Tokens that are one caller's. Empty until linkage is trained: then a number is a caller.
create or replace table caller_links (token uuid, caller_id varchar, identity_basis varchar)
