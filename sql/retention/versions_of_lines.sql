-- One row per version of a call that is of one of the lines within its bounds; of a call that only an earlier version
-- says to be, that version. Key: call_key, content_digest. No params of its own; reads lines_put_away (null: no end).
with

versions as (
    select call_key, content_digest, coalesce(number_token, premises_token) as token, received_at, true as is_counting
    from call_records
    union all
    select call_key, content_digest, coalesce(number_token, premises_token) as token, received_at, false as is_counting
    from superseded_call_records
),

of_lines as (
    select versions.call_key, versions.content_digest, versions.is_counting
    from versions
    inner join lines_put_away as lines
        on
            versions.token = lines.token
            and versions.received_at >= coalesce(lines.held_from, '-infinity'::timestamp)
            and versions.received_at < coalesce(lines.held_to, 'infinity'::timestamp)
)

select call_key, content_digest
from of_lines
union
select call_key, content_digest
from versions
where call_key in (select of_lines.call_key from of_lines where of_lines.is_counting)
