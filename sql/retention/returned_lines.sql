-- One row per line that is back: put away before, and brought in again by a late file or a backup, in a version that
-- counts, in one that does not, or as a number of which there is no call. Key: token.
-- Params: $token, $held_from, $held_to: lists that go together (null: no end).
with

lines as (
    select
        unnest($token::uuid[]) as token, unnest($held_from::timestamp[]) as held_from,
        unnest($held_to::timestamp[]) as held_to
),

versions as (
    select coalesce(number_token, premises_token) as token, received_at from call_records
    union all
    select coalesce(number_token, premises_token) as token, received_at from superseded_call_records
),

final as (
    select lines.token
    from versions
    inner join lines on versions.token = lines.token
    where
        versions.received_at >= coalesce(lines.held_from, '-infinity'::timestamp)
        and versions.received_at < coalesce(lines.held_to, 'infinity'::timestamp)
    union
    select token
    from (
        select number_token as token from vault.numbers
        union all
        select premises_token as token from vault.premises
    ) as held
    where
        token in (select lines.token from lines)
        and not exists (
            select 1 from call_records
            where coalesce(call_records.number_token, call_records.premises_token) = held.token
        )
)

select distinct token::varchar as token
from final
