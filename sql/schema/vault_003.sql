-- The vault, version 3: which versions of a call count for nothing any more. The vault keeps them all, and without the
-- warehouse, which a run may hold, could not say which one counts.

-- One row per version that another took the place of, as the last run found them. Key: call_key, content_digest.
create table superseded_details (
    call_key uuid not null,
    content_digest uuid not null
);
