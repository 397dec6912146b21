-- One row per version of a repeated call, with what becomes of it. Key: origin, row_number, call_key.
-- The later version wins by the version column; of equal ones what the later layout read; ties by content digest, so
-- that no order of arrival matters.
with

ordered as (
    select
        *,
        row_number() over (
            partition by call_key, content_digest
            order by case origin when 'arrival' then 1 else 0 end, row_number
        ) as sighting,
        first_value(content_digest) over (
            partition by call_key
            order by version_rank desc nulls last, layout_turn desc, content_digest desc
        ) as winning_digest
    from candidates
)

select
    origin,
    row_number,
    call_key,
    content_digest,
    case
        when sighting > 1 then 'duplicate'
        when content_digest = winning_digest then 'accepted'
        else 'superseded'
    end as verdict
from ordered
