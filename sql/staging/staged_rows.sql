-- One row per record of the file, parsed; reason says why it cannot go in. Key: row_number.
-- Params: for each time field its formats, epoch, zone and clock changes; units; renames; $latest; $absent_words.
with

read as (
    select
        *,
        read_given(raw_received_at, $received_at_epoch, $received_at_takes_zoned, $received_at_zoned)
            as received_at_given,
        read_given(raw_answered_at, $answered_at_epoch, $answered_at_takes_zoned, $answered_at_zoned)
            as answered_at_given,
        read_given(raw_ended_at, $ended_at_epoch, $ended_at_takes_zoned, $ended_at_zoned) as ended_at_given,
        read_given(
            raw_first_assigned_at, $first_assigned_at_epoch, $first_assigned_at_takes_zoned, $first_assigned_at_zoned
        ) as first_assigned_at_given,
        read_given(raw_arrived_at, $arrived_at_epoch, $arrived_at_takes_zoned, $arrived_at_zoned) as arrived_at_given,
        read_local(
            raw_received_at, $received_at_epoch, $received_at_takes_iso, $received_at_takes_plain, $received_at_plain
        ) as received_at_read,
        read_local(
            raw_answered_at, $answered_at_epoch, $answered_at_takes_iso, $answered_at_takes_plain, $answered_at_plain
        ) as answered_at_read,
        case
            when
                $answered_at_time_only
                then coalesce(
                        cast(try_strptime(raw_answered_at, $answered_at_plain) as time), cast(answered_at_read as time)
                    )
        end as answered_at_clock,
        read_local(raw_ended_at, $ended_at_epoch, $ended_at_takes_iso, $ended_at_takes_plain, $ended_at_plain)
            as ended_at_read,
        case
            when
                $ended_at_time_only
                then coalesce(cast(try_strptime(raw_ended_at, $ended_at_plain) as time), cast(ended_at_read as time))
        end as ended_at_clock,
        read_local(
            raw_first_assigned_at,
            $first_assigned_at_epoch,
            $first_assigned_at_takes_iso,
            $first_assigned_at_takes_plain,
            $first_assigned_at_plain
        ) as first_assigned_at_read,
        case
            when
                $first_assigned_at_time_only
                then coalesce(
                        cast(try_strptime(raw_first_assigned_at, $first_assigned_at_plain) as time),
                        cast(first_assigned_at_read as time)
                    )
        end as first_assigned_at_clock,
        read_local(raw_arrived_at, $arrived_at_epoch, $arrived_at_takes_iso, $arrived_at_takes_plain, $arrived_at_plain)
            as arrived_at_read,
        case
            when
                $arrived_at_time_only
                then coalesce(
                        cast(try_strptime(raw_arrived_at, $arrived_at_plain) as time), cast(arrived_at_read as time)
                    )
        end as arrived_at_clock,
        coalesce(to_local(received_at_given, $received_at_zone), received_at_read) as received_local
    from raw_rows
),

dated as (
    select
        * exclude (received_at_read, answered_at_read, ended_at_read, first_assigned_at_read, arrived_at_read),
        received_at_read as received_at_local,
        case
            when $answered_at_time_only then roll_past_midnight(received_local, answered_at_clock, $answered_at_zone)
            else answered_at_read
        end as answered_at_local,
        case
            when $ended_at_time_only then roll_past_midnight(received_local, ended_at_clock, $ended_at_zone)
            else ended_at_read
        end as ended_at_local,
        case
            when $first_assigned_at_time_only
                then roll_past_midnight(received_local, first_assigned_at_clock, $first_assigned_at_zone)
            else first_assigned_at_read
        end as first_assigned_at_local,
        case
            when $arrived_at_time_only then roll_past_midnight(received_local, arrived_at_clock, $arrived_at_zone)
            else arrived_at_read
        end as arrived_at_local,
        coalesce(cast(received_at_local as date) in (select unnest($received_at_change_days)), false)
            as received_at_changes,
        coalesce(cast(answered_at_local as date) in (select unnest($answered_at_change_days)), false)
            as answered_at_changes,
        coalesce(cast(ended_at_local as date) in (select unnest($ended_at_change_days)), false) as ended_at_changes,
        coalesce(cast(first_assigned_at_local as date) in (select unnest($first_assigned_at_change_days)), false)
            as first_assigned_at_changes,
        coalesce(cast(arrived_at_local as date) in (select unnest($arrived_at_change_days)), false)
            as arrived_at_changes
    from read
),

anchored as (
    select
        *,
        instant(received_at_given, received_at_local, received_at_changes, $received_at_zone, $received_at_second)
            as received_at
    from dated
),

placed as (
    select
        *,
        later_instant(
            answered_at_given,
            answered_at_local,
            answered_at_changes,
            $answered_at_zone,
            $answered_at_second,
            received_at
        ) as answered_at,
        later_instant(ended_at_given, ended_at_local, ended_at_changes, $ended_at_zone, $ended_at_second, received_at)
            as ended_at,
        later_instant(
            first_assigned_at_given,
            first_assigned_at_local,
            first_assigned_at_changes,
            $first_assigned_at_zone,
            $first_assigned_at_second,
            received_at
        ) as first_assigned_at,
        later_instant(
            arrived_at_given, arrived_at_local, arrived_at_changes, $arrived_at_zone, $arrived_at_second, received_at
        ) as arrived_at,
        is_repeated(received_at_given, received_at_local, received_at_changes, $received_at_zone)
        or is_repeated(answered_at_given, answered_at_local, answered_at_changes, $answered_at_zone)
        or is_repeated(ended_at_given, ended_at_local, ended_at_changes, $ended_at_zone)
        or is_repeated(
            first_assigned_at_given, first_assigned_at_local, first_assigned_at_changes, $first_assigned_at_zone
        )
        or is_repeated(arrived_at_given, arrived_at_local, arrived_at_changes, $arrived_at_zone) as odd_repeated_hour,
        is_in_gap(received_at_given, received_at_local, received_at_changes, $received_at_zone)
        or is_in_gap(answered_at_given, answered_at_local, answered_at_changes, $answered_at_zone)
        or is_in_gap(ended_at_given, ended_at_local, ended_at_changes, $ended_at_zone)
        or is_in_gap(
            first_assigned_at_given, first_assigned_at_local, first_assigned_at_changes, $first_assigned_at_zone
        )
        or is_in_gap(arrived_at_given, arrived_at_local, arrived_at_changes, $arrived_at_zone) as odd_spring_gap,
        duration_seconds(raw_talk_seconds, $talk_seconds_unit) as given_talk_seconds,
        duration_seconds(raw_wrap_seconds, $wrap_seconds_unit) as wrap_seconds,
        duration_seconds(raw_unit_seconds, $unit_seconds_unit) as unit_seconds,
        whole_number(raw_units_assigned) as units_assigned,
        coalesce(
            lower(fold_spaces(raw_cli, $folds_spaces)) in (select unnest(cast($absent_words as varchar[]))), false
        ) as says_no_number
    from anchored
)

select
    row_number,
    case
        when raw_call_id is null then 'no_call_id'
        when raw_received_at is null then 'no_received_at'
        when received_at is null then 'unreadable_received_at'
        when received_at > $latest then 'received_in_future'
        when received_at < timestamp '1970-01-01' then 'received_before_1970'
    end as reason,
    raw_call_id as call_id,
    received_at,
    answered_at,
    ended_at,
    case
        when given_talk_seconds is not null then given_talk_seconds
        when ended_at >= answered_at and ended_at < answered_at + interval 45 days
            then cast(epoch(ended_at) - epoch(answered_at) as integer)
    end as talk_seconds,
    wrap_seconds,
    coalesce(fold_code(raw_channel, $folds_spaces, 'channel', $rename_from, $rename_to), '999') as channel,
    case when not says_no_number then raw_cli end as cli,
    coalesce(
        fold_code(raw_cli_status, $folds_spaces, 'cli_status', $rename_from, $rename_to),
        case when says_no_number then unavailable_because(fold_spaces(raw_cli, $folds_spaces)) end
    ) as cli_status,
    raw_subscriber_name as subscriber_name,
    raw_subscriber_address as subscriber_address,
    raw_subscriber_postcode as subscriber_postcode,
    raw_person_name as person_name,
    raw_birth_date as birth_date,
    fold_code(raw_opening_code, $folds_spaces, 'opening_code', $rename_from, $rename_to) as opening_code,
    fold_code(raw_closing_code, $folds_spaces, 'closing_code', $rename_from, $rename_to) as closing_code,
    fold_codes(raw_qualifiers, $folds_spaces, 'qualifiers', $rename_from, $rename_to) as qualifiers,
    fold_code(raw_result_code, $folds_spaces, 'result_code', $rename_from, $rename_to) as result_code,
    fold_code(raw_grade, $folds_spaces, 'grade', $rename_from, $rename_to) as grade,
    fold_code(raw_borough, $folds_spaces, 'borough', $rename_from, $rename_to) as borough,
    fold_code(raw_ward, $folds_spaces, 'ward', $rename_from, $rename_to) as ward,
    raw_incident_location as incident_location,
    raw_incident_ref as incident_ref,
    raw_linked_ref as linked_ref,
    raw_handler_ref as handler_ref,
    units_assigned,
    unit_seconds,
    first_assigned_at,
    arrived_at,
    fold_codes(raw_markers, $folds_spaces, 'markers', $rename_from, $rename_to) as markers,
    raw_remarks as remarks,
    raw_recording_ref as recording_ref,
    raw_premises as premises,
    case $version_kind
        when 'integer' then whole_rank(raw_version)
        when 'time'
            then strftime(coalesce(
                    read_given(raw_version, $version_epoch, $version_takes_zoned, $version_zoned),
                    to_utc(
                        read_local(
                            raw_version, $version_epoch, $version_takes_iso, $version_takes_plain, $version_plain
                        ),
                        $version_zone
                    )
                ), '%Y-%m-%dT%H:%M:%S.%f')
        else raw_version
    end as version_rank,
    odd_repeated_hour,
    odd_spring_gap,
    says_no_number,
    raw_answered_at is not null and answered_at is null as unreadable_answered_at,
    raw_ended_at is not null and ended_at is null as unreadable_ended_at,
    raw_first_assigned_at is not null and first_assigned_at is null as unreadable_first_assigned_at,
    raw_arrived_at is not null and arrived_at is null as unreadable_arrived_at,
    raw_talk_seconds is not null and given_talk_seconds is null as unreadable_talk_seconds,
    raw_wrap_seconds is not null and wrap_seconds is null as unreadable_wrap_seconds,
    raw_unit_seconds is not null and unit_seconds is null as unreadable_unit_seconds,
    raw_units_assigned is not null and units_assigned is null as unreadable_units_assigned,
    raw_version is not null and version_rank is null as unreadable_version
from placed
