-- How text becomes values: the words the staging models are written in. Made anew for each file read.

-- Without outer space of any kind; plain spaces are all that most text has.
create or replace temp macro trimmed(x) as (
    case
        when ascii(trim(x)) < 32 or ascii(trim(x)) > 127
            or suffix(trim(x), chr(9))
            or suffix(trim(x), chr(10))
            or suffix(trim(x), chr(13))
            or suffix(trim(x), chr(160))
            or suffix(trim(x), chr(65279))
            then trim(x, ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(65279))
        else trim(x)
    end
);

-- May the text end in Z or an offset, after a time of day? Cheap, and rather once too often.
create or replace temp macro ends_in_offset(x) as (
    suffix(x, 'Z')
    or suffix(x, 'UTC')
    or suffix(x, 'GMT')
    or (contains(x, ':') and (contains(x, '+') or x like '%:%-%'))
);

-- An offset over fifteen hours, or of more than 59 minutes, is no zone's: DuckDB would reckon with it all the same.
create or replace temp macro has_no_such_offset(x) as (
    strlen(x) > 16 and regexp_matches(x, '([+-](1[5-9]|[2-9][0-9])(:?[0-9][0-9]){0,2}|[+-][0-9][0-9]:?[6-9][0-9])$')
);

create or replace temp macro starts_with_digit(x) as (ascii(x) between 48 and 57);

-- DuckDB reads 'epoch' and 'infinity' as times; no log means them.
create or replace temp macro is_no_special(x) as (starts_with_digit(x) or strlen(x) > 9);

-- An instant from a number of units since 1970; null outside the years 1 to 9999.
create or replace temp macro epoch_instant(x, epoch) as (
    case
        when abs(try_cast(x as double))
            < case epoch when 'seconds' then 2.5e11 when 'milliseconds' then 2.5e14 else 2.5e17 end
            and try_cast(x as double)
            > case epoch when 'seconds' then -6.2e10 when 'milliseconds' then -6.2e13 else -6.2e16 end
            then make_timestamp(cast(round(
                    try_cast(x as double) * case epoch when 'seconds' then 1e6 when 'milliseconds' then 1e3 else 1 end
                ) as bigint))
    end
);

-- A local time from a spreadsheet's count of days.
create or replace temp macro excel_local(x) as (
    case
        when try_cast(x as double) between 1 and 2900000
            then timestamp '1899-12-30' + to_seconds(round(try_cast(x as double) * 86400, 3))
    end
);

-- An instant as the time in UTC, and that as the instant: the same microseconds, so that no calendar is asked.
create or replace temp macro in_utc(x) as (make_timestamp(epoch_us(x)));
create or replace temp macro at_utc(utc_at) as (make_timestamptz(epoch_us(utc_at)));

create or replace temp macro read_given(x, epoch, takes_zoned, zoned) as (
    case
        when epoch in ('seconds', 'milliseconds', 'microseconds') then epoch_instant(x, epoch)
        when epoch = '' and takes_zoned and ends_in_offset(x) and not has_no_such_offset(x)
            then in_utc(coalesce(
                    try_strptime(
                        case when suffix(x, 'Z') then left(x, length(x) - 1) || '+00:00' else x end, zoned
                    ),
                    case when starts_with_digit(x) then try_cast(x as timestamptz) end
                ))
    end
);

create or replace temp macro read_local(x, epoch, takes_iso, takes_plain, plain) as (
    case
        when epoch = 'excel' then excel_local(x)
        when epoch = '' then coalesce(
                case
                    when takes_iso and starts_with_digit(x) and not has_no_such_offset(x) then try_cast(x as timestamp)
                end,
                case when takes_plain and is_no_special(x) then try_strptime(x, plain) end
            )
    end
);

create or replace temp macro to_utc(local_at, zone) as (in_utc(timezone(zone, local_at)));
create or replace temp macro to_local(utc_at, zone) as (timezone(zone, at_utc(utc_at)));

-- The first and the second instant that a local time names; the same but in the repeated hour.
create or replace temp macro first_utc(local_at, zone) as (
    case
        when
            to_local(to_utc(local_at, zone) - interval 1 hour, zone) = local_at
            then to_utc(local_at, zone) - interval 1 hour
        else to_utc(local_at, zone)
    end
);
create or replace temp macro second_utc(local_at, zone) as (
    case
        when
            to_local(to_utc(local_at, zone) + interval 1 hour, zone) = local_at
            then to_utc(local_at, zone) + interval 1 hour
        else to_utc(local_at, zone)
    end
);
-- A time of day on received_at's local date, or on the next where it would come before: a slack of
-- five minutes is two clocks that differ, not a day, and in the repeated hour its second reading may come after.
create or replace temp macro roll_past_midnight(received_local, local_time, zone) as (
    case
        when
            cast(received_local as date) + local_time < received_local - interval 5 minutes
            and (
                first_utc(cast(received_local as date) + local_time, zone)
                = second_utc(cast(received_local as date) + local_time, zone)
                or second_utc(cast(received_local as date) + local_time, zone)
                < first_utc(received_local, zone) - interval 5 minutes
            )
            then cast(received_local as date) + local_time + interval 1 day
        else cast(received_local as date) + local_time
    end
);

create or replace temp macro instant(given_at, local_at, is_change_day, zone, takes_second) as (
    case
        when given_at is not null then given_at
        when not is_change_day then to_utc(local_at, zone)
        when takes_second then second_utc(local_at, zone)
        else first_utc(local_at, zone)
    end
);
-- The same for a later event of a call: in the repeated hour, the reading that does not precede its receipt.
create or replace temp macro later_instant(given_at, local_at, is_change_day, zone, takes_second, received_at) as (
    case
        when given_at is not null then given_at
        when not is_change_day then to_utc(local_at, zone)
        when takes_second or first_utc(local_at, zone) < received_at then second_utc(local_at, zone)
        else first_utc(local_at, zone)
    end
);
create or replace temp macro is_repeated(given_at, local_at, is_change_day, zone) as (
    case
        when
            is_change_day and given_at is null
            then coalesce(first_utc(local_at, zone) <> second_utc(local_at, zone), false)
        else false
    end
);
create or replace temp macro is_in_gap(given_at, local_at, is_change_day, zone) as (
    case
        when is_change_day and given_at is null then coalesce(to_local(to_utc(local_at, zone), zone) <> local_at, false)
        else false
    end
);

create or replace temp macro clock_part(x, position_from_end) as (
    case
        when
            position_from_end <= len(string_split(x, ':'))
            then try_cast(string_split(x, ':')[-position_from_end] as double)
        else 0
    end
);
create or replace temp macro duration_raw(x, unit) as (
    case
        when contains(x, '-') then null
        when unit = 'milliseconds' then try_cast(x as double) / 1000
        when unit = 'minutes' and not contains(x, ':') then try_cast(x as double) * 60
        when unit = 'hours' and not contains(x, ':') then try_cast(x as double) * 3600
        when unit = 'hh:mm' and len(string_split(x, ':')) < 3 then clock_part(x, 1) * 60 + clock_part(x, 2) * 3600
        when contains(x, ':') and len(string_split(x, ':')) <= 3
            then clock_part(x, 1) + clock_part(x, 2) * 60 + clock_part(x, 3) * 3600
        when unit in ('auto', 'seconds') then try_cast(x as double)
    end
);
-- Seconds from a duration's text; negative, malformed and longer than 45 days is null.
create or replace temp macro duration_seconds(x, unit) as (
    case
        when duration_raw(x, unit) between 0 and 3888000 then cast(round(duration_raw(x, unit)) as integer)
    end
);
create or replace temp macro whole_number(x) as (
    case when try_cast(x as double) between 0 and 1000000 then cast(round(try_cast(x as double)) as integer) end
);

-- A whole number as text that sorts as it does; one with a fraction is none.
create or replace temp macro whole_rank(x) as (
    lpad(
        cast(
            case
                when try_cast(x as double) between 0 and 1e18 and try_cast(x as double) = floor(try_cast(x as double))
                    then cast(try_cast(x as double) as bigint)
            end as varchar
        ),
        20,
        '0'
    )
);

-- A code as it is compared: upper case, runs of space one; renamed where the layout says so.
create or replace temp macro fold_spaces(x, folds_spaces) as (
    case
        when not folds_spaces then x
        when contains(x, '  ')
            or contains(x, chr(9))
            or contains(x, chr(10))
            or contains(x, chr(13))
            or contains(x, chr(160))
            then trim(regexp_replace(x, '[\s\x{00a0}]+', ' ', 'g'))
        else x
    end
);
create or replace temp macro code_name(folded, field, rename_from, rename_to) as (
    case
        when len(rename_from) = 0 then folded
        else coalesce(rename_to[list_position(rename_from, field || ':' || folded)], folded)
    end
);
create or replace temp macro fold_code(x, folds_spaces, field, rename_from, rename_to) as (
    code_name(upper(fold_spaces(x, folds_spaces)), field, rename_from, rename_to)
);
create or replace temp macro fold_codes(x, folds_spaces, field, rename_from, rename_to) as (
    nullif(array_to_string(list_filter(
        list_transform(
            string_split(replace(fold_spaces(x, folds_spaces), '|', ';'), ';'),
            lambda piece: code_name(upper(trim(piece)), field, rename_from, rename_to)
        ),
        lambda piece: piece <> ''
    ), ';'), '')
);

-- Why no number came, from the word that stands in its place.
create or replace temp macro unavailable_because(word) as (
    case
        when upper(word) in ('UNAVAILABLE', 'NOT AVAILABLE', 'NA', 'NONE', 'NIL', 'BLANK', '(BLANK)') then 'UNAVAILABLE'
        else 'UNAVAILABLE (' || trim(upper(word), '()') || ')'
    end
);

-- A value of a JSON object as text; a list as its items, separated by ;
create or replace temp macro json_text(object, pointer) as (
    case
        when
            json_type(object, pointer) = 'ARRAY'
            then array_to_string(from_json(json_extract(object, pointer), '["VARCHAR"]'), ';')
        else json_extract_string(object, pointer)
    end
)
