-- One row: rows of which the version, kept as text, is a number or a time that text puts in the wrong order; nought
-- where text does no harm or some versions are neither. Numbers want one length, times the year first and one form.
-- Of what is neither, those where numbers of unequal length stand at one place: V9 and V10, 1.9 and 1.10.
with

written as (
    select
        version_rank,
        regexp_full_match(version_rank, '\d+') as is_number,
        regexp_full_match(
            version_rank,
            '([A-Za-z]{3,9},? )?(\d\d?([-/ ])(\d\d?|[A-Za-z]{3,9})([-/ ])(\d{4}|\d\d)|\d\d?\.\d\d?\.\d{4}'
            || '|[A-Za-z]{3,9} \d\d?,? \d{4})([ T,].*\d:\d.*)?'
        ) as is_day_first,
        regexp_full_match(version_rank, '\d{4}([-/.])\d\d?([-/.])\d\d?([ T]\d\d?:\d\d.*)?') as is_year_first,
        regexp_extract(version_rank, '^[^ T]+([ T]\d+)?') as until_hour,
        regexp_extract(version_rank, ':.*([Zz]|[+-]\d\d:?\d*| ?[AaPp]\.?[Mm]\.?)$', 1) as ending
    from parsed_rows
    where version_rank is not null
),

counted as (
    select
        count(*) as versions,
        bool_and(is_number) and min(strlen(version_rank)) < max(strlen(version_rank)) as are_unequal_numbers,
        bool_and(is_day_first or is_year_first)
        and (
            bool_or(is_day_first)
            or min(strlen(until_hour)) < max(strlen(until_hour))
            or min(ending) < max(ending)
            or bool_or(upper(ending) like '%M%')
        ) as are_unordered_times,
        bool_or(not is_number and not is_day_first and not is_year_first) as are_mixed
    from written
),

-- As sql/ingest/collisions.sql parts the versions of one call: a nought a figure, a nought a number.
parted as (
    select
        regexp_replace(version_rank, '\d', '0', 'g') as figures,
        regexp_replace(version_rank, '\d+', '0', 'g') as numbers
    from written
    where not is_day_first and not is_year_first and (select are_mixed from counted)
),

shapes as (
    select count(*) as versions from parted
    group by numbers
    having min(strlen(figures)) < max(strlen(figures))
),

heads as (
    select count(*) as versions from parted
    where contains(numbers, '0')
    group by split_part(numbers, '0', 1)
    having count(distinct regexp_extract(figures, '^[^0]*0+')) > 1
)

select
    case when are_unequal_numbers then versions else 0 end as version_numbers_as_text,
    case when are_unordered_times then versions else 0 end as version_times_as_text,
    greatest((select coalesce(sum(versions), 0) from shapes), (select coalesce(sum(versions), 0) from heads))::bigint
        as version_parts_as_text
from counted
