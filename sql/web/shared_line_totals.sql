-- Shared lines and premises by kind. Key: identity_kind.
select
    identity_kind,
    count(*) as callers,
    count(*) filter (is_over_threshold) as over_threshold,
    sum(calls)::bigint as calls,
    sum(misuse_calls)::bigint as misuse_calls
from shared_lines
group by identity_kind
order by identity_kind
