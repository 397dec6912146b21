"""Published relations of calls, callers and figures."""

from __future__ import annotations

from misuse.schemas.relation import Relation, columns

CALLS = Relation(
    "calls",
    "One row per call received before the end of as-of: the latest version of each call, of batches not withdrawn.",
    ("call_key",),
    columns("""
        call_key | UUID | keyed token of source and the source's own call id
        source | VARCHAR | which declared source the call came from
        spell_id | VARCHAR | the number-holding spell it was made in; null where no usable number or premises is known
        caller_id | VARCHAR | the caller the call is counted to; null where no usable number or premises is known
        identity_kind | VARCHAR | person, shared_line or premises; null where no caller is known
        line_id | VARCHAR | pseudonym of the line a coded misuse call came from, as logged: a number, premises, or a malformed or placeholder number; null on other calls
        channel | VARCHAR | 999, 101, text relay or other
        number_kind | VARCHAR | mobile, fixed, fixed_or_mobile, voip, freephone, international, unallocated, other; absent, malformed or placeholder are never a caller
        cli_status | VARCHAR | presented, or why no number came
        received_at | TIMESTAMP | when the call was received, UTC
        received_local | TIMESTAMP | the same in the reporting zone
        local_date | DATE | day of receipt in the reporting zone
        local_hour | UTINYINT | hour of receipt in the reporting zone, 0 to 23
        answered_at | TIMESTAMP | when it was answered, UTC
        ended_at | TIMESTAMP | when the line closed, UTC
        answer_seconds | INTEGER | seconds from receipt to answer; null where not measured
        talk_seconds | INTEGER | seconds of talk; null where not measured
        wrap_seconds | INTEGER | seconds of wrap-up; null where not measured
        handling_seconds | INTEGER | talk plus wrap-up; null where neither was measured
        opening_code | VARCHAR | opening code, folded
        closing_code | VARCHAR | closing code, folded
        qualifiers | VARCHAR | qualifier codes, folded, separated by ;
        result_code | VARCHAR | result code, folded
        grade | VARCHAR | I, S, E or R
        borough | VARCHAR | the incident's borough
        ward | VARCHAR | the incident's ward
        units_assigned | INTEGER | units sent
        unit_seconds | INTEGER | seconds of all units together
        first_assigned_at | TIMESTAMP | first unit assigned, UTC
        arrived_at | TIMESTAMP | first unit arrived, UTC
        is_coded_misuse | BOOLEAN | its codes are in the misuse code list
        is_stopped | BOOLEAN | a hard stop bars the call or its caller from being treated as misuse
        is_doubtful | BOOLEAN | coded misuse, not stopped, but its code is not known, nobody chose it, or its own facts contradict it
        doubt_kind | VARCHAR | why it is doubtful: contradicted, defaulted or unknown; null where it is not
        is_misuse | BOOLEAN | coded misuse, neither stopped nor doubtful
        episode_number | INTEGER | which of the caller's misuse episodes the call belongs to; null for other calls
    """),
)

CALLERS = Relation(
    "callers",
    "One row per caller: a person, or a shared line or premises, behind one or more numbers.",
    ("caller_id",),
    columns("""
        caller_id | VARCHAR | stable pseudonym
        identity_kind | VARCHAR | person, shared_line or premises
        identity_basis | VARCHAR | how the caller was decided: single_number, premises, linked (the program joined several numbers), confirmed (people did), shared_line_marker, shared_line_register
        number_count | INTEGER | numbers behind the caller
        number_kinds | VARCHAR[] | kinds of those numbers; payphone where a marker or the register says that it is a kiosk
        first_call_at | TIMESTAMP | first call of any kind, UTC
        last_call_at | TIMESTAMP | last call of any kind, UTC
        calls | BIGINT | calls of any kind
        coded_misuse_calls | BIGINT | calls coded misuse, whatever else is known
        stopped_calls | BIGINT | coded misuse barred by a hard stop
        doubtful_calls | BIGINT | coded misuse, not stopped, the code not known, chosen by nobody or contradicted by the call's own facts
        misuse_calls | BIGINT | coded misuse, neither stopped nor doubtful
        genuine_calls | BIGINT | calls not coded misuse
        is_stopped | BOOLEAN | a hard stop bars this caller
        support_first | BOOLEAN | a vulnerability makes support the default lane
        home_borough | VARCHAR | borough of most of the caller's calls
        home_borough_basis | VARCHAR | always most_calls, or null where no call has a borough
    """),
)

WINDOWS = Relation(
    "windows",
    "One row per window of event time that this copy's figures speak of: whole local days, half-open.",
    ("window_name",),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        window_name | VARCHAR | headline, since_log_start, d365, d90 or d30
        window_from | TIMESTAMP | first moment of the window, UTC
        window_to | TIMESTAMP | first moment after the window, UTC
        first_date | DATE | first local day; since_log_start: that of the first call on the channel that misuse is counted on
        last_date | DATE | last local day: as-of
        threshold | INTEGER | misuse calls that make a caller persistent
        shared_line_threshold | INTEGER | misuse calls in a calendar month that put a shared line or premises over its own threshold
        channel | VARCHAR | the channel that misuse is counted on
        reporting_zone | VARCHAR | the zone of local days and hours
    """),
)

CALLER_WINDOWS = Relation(
    "caller_windows",
    "One row per caller with a coded misuse call on the headline channel in the window, and window.",
    ("caller_id", "window_name"),
    columns("""
        caller_id | VARCHAR | the caller
        window_name | VARCHAR | headline, since_log_start, d365, d90 or d30
        window_from | TIMESTAMP | first moment of the window, UTC
        window_to | TIMESTAMP | first moment after the window, UTC
        coded_misuse_calls | BIGINT | coded misuse in the window
        stopped_calls | BIGINT | of them barred by a hard stop
        doubtful_calls | BIGINT | of them, not stopped, doubtful: the code not known, chosen by nobody or contradicted by the call's own facts
        misuse_calls | BIGINT | misuse calls in the window
        episodes | BIGINT | misuse episodes: calls within the episode gap of one another collapse
        active_days | BIGINT | local days with a misuse call
        most_misuse_calls_month | BIGINT | misuse calls of the window in the calendar month with most
        handling_seconds | BIGINT | handling time of the misuse calls; null where none was measured
        unit_seconds | BIGINT | unit time of the misuse calls; null where none was measured
        first_misuse_at | TIMESTAMP | first misuse call in the window, UTC
        last_misuse_at | TIMESTAMP | last misuse call in the window, UTC
        tenth_misuse_at | TIMESTAMP | the call that reached the threshold, UTC; null below it
        is_persistent | BOOLEAN | a person with at least threshold misuse calls in the window
    """),
)

PERSISTENT_CALLERS = Relation(
    "persistent_callers",
    "One row per person with at least threshold misuse calls in the headline window.",
    ("caller_id",),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        rank | INTEGER | by misuse calls, then handling plus unit hours, then earliest tenth call
        caller_id | VARCHAR | the caller
        misuse_calls | BIGINT | misuse calls in the headline window
        episodes | BIGINT | misuse episodes in the headline window
        handling_seconds | BIGINT | handling time of those calls
        unit_seconds | BIGINT | unit time of those calls
        share_of_misuse | DOUBLE | the caller's share of all misuse calls in the window
        tenth_misuse_at | TIMESTAMP | when the threshold was reached, UTC
        last_misuse_at | TIMESTAMP | last misuse call, UTC
    """),
)

ESTIMATES = Relation(
    "estimates",
    "One row per figure, window and way of counting; a figure that this log cannot support has a null point.",
    ("estimate", "window_name", "counted_by"),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        estimate | VARCHAR | which figure
        window_name | VARCHAR | headline, since_log_start, d365, d90 or d30; quarter (the last three whole calendar months) for the ambulance services' line
        counted_by | VARCHAR | caller (the strict level); number (each number that is no shared line's as one caller, whoever held it: before linkage); standard or loose (were suggested links confirmed)
        unit | VARCHAR | calls, callers, share, share_difference, days_a_month, hours_a_month, seconds, minutes, their differences, relative_change, full_time, pounds_a_month, safeguards
        point | DOUBLE | the figure
        low | DOUBLE | lower end of its interval, of 95% unless its method says that this is not claimed; null where none is given
        high | DOUBLE | upper end
        bound_low | DOUBLE | the least it can be, whoever made the unidentified calls
        bound_high | DOUBLE | the most it can be
        numerator | DOUBLE | what was divided
        denominator | DOUBLE | by what
        method | VARCHAR | how it was reckoned, in a sentence
    """),
)

BRIDGE = Relation(
    "bridge",
    "One row per step from every coded misuse call to the final count of persistent callers, and window.",
    ("window_name", "step_number"),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        window_name | VARCHAR | headline or since_log_start
        step_number | INTEGER | order of the steps, from 1
        step | VARCHAR | coded_misuse, by_number, less_stopped, less_doubtful, less_unidentified, less_shared_lines, after_linkage
        callers | BIGINT | persistent callers at this step; at the first, callers with any coded misuse call
        calls | BIGINT | their misuse calls at this step
        misuse_calls | BIGINT | all calls counted as misuse at this step, the share's denominator
        share | DOUBLE | calls divided by misuse_calls
    """),
)

CONCENTRATION = Relation(
    "concentration",
    "One row per number of misuse calls a caller made in the headline window: the Lorenz curve's steps.",
    ("misuse_calls",),
    columns("""
        misuse_calls | BIGINT | misuse calls in the headline window
        callers | BIGINT | persons with just so many
        calls | BIGINT | their calls together
        share_of_callers | DOUBLE | persons with at least so many, of all persons with a misuse call
        share_of_calls | DOUBLE | their calls, of all identified persons' misuse calls
    """),
)

MISUSE_MONTHLY = Relation(
    "misuse_monthly",
    "One row per local calendar month since the log's start, on the headline channel.",
    ("month",),
    columns("""
        month | DATE | first day of the month
        is_whole | BOOLEAN | every day of the month is covered by the log before the end of as-of
        days | INTEGER | days of the month with calls
        calls | BIGINT | calls
        misuse_calls | BIGINT | misuse calls
        persistent_misuse_calls | BIGINT | misuse calls of those persistent in the headline window
        unidentified_misuse_calls | BIGINT | misuse calls without a caller
        handling_seconds | BIGINT | handling time of all calls
        misuse_handling_seconds | BIGINT | handling time of misuse calls
        persistent_handling_seconds | BIGINT | handling time of the persistent callers' misuse calls
        misuse_unit_seconds | BIGINT | unit time of misuse calls
        persistent_unit_seconds | BIGINT | unit time of the persistent callers' misuse calls
        mean_calls_per_day | DOUBLE | calls a day of this month
    """),
)
