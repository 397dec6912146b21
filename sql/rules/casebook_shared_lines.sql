-- The register of shared lines: numbers that are many people's.
create or replace table casebook_shared_lines (token uuid, kind varchar, registered_at timestamp)
