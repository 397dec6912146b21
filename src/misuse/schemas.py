"""Every table that crosses a boundary, declared once: columns, types, key, grain, comments.

`CALL_RECORD` is what a layout maps to. `PUBLISHED` is what analysts, the reports and the review
room read; its comments become the published file's comments and docs/data-dictionary.md.
Types are DuckDB's. Times are UTC without a zone, except columns ending `_local`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Store = Literal["warehouse", "vault"]
Kind = Literal["text", "code", "time", "seconds", "integer", "date"]


@dataclass(frozen=True)
class Field:
    """One column of the call record: where it is kept and how a source's text becomes it."""

    name: str
    kind: Kind
    store: Store
    note: str


CALL_RECORD: tuple[Field, ...] = (
    Field("call_id", "text", "vault", "required; the source's own id, or composed; never from a number or name"),
    Field("received_at", "time", "warehouse", "required; when the call reached the service"),
    Field("answered_at", "time", "warehouse", "when a handler answered"),
    Field("ended_at", "time", "warehouse", "when the line was closed"),
    Field("talk_seconds", "seconds", "warehouse", "talk; derived from answered and ended where absent"),
    Field("wrap_seconds", "seconds", "warehouse", "work after the line closed"),
    Field("channel", "code", "warehouse", "999 (default), 101, text relay, other"),
    Field("cli", "text", "vault", "the calling line as presented"),
    Field("cli_status", "code", "warehouse", "presented, unavailable (reason)"),
    Field("subscriber_name", "text", "vault", "who holds the line"),
    Field("subscriber_address", "text", "vault", "where the line is"),
    Field("subscriber_postcode", "text", "vault", "the line's postcode"),
    Field("person_name", "text", "vault", "who the caller said they were"),
    Field("birth_date", "text", "vault", "the caller's date of birth, as text"),
    Field("opening_code", "code", "warehouse", "what the call seemed to be"),
    Field("closing_code", "code", "warehouse", "what it was found to be; decides misuse"),
    Field("qualifiers", "code", "warehouse", "codes that qualify it, separated by ; or |"),
    Field("result_code", "code", "warehouse", "what came of it; may contradict a misuse code"),
    Field("grade", "code", "warehouse", "I, S, E or R, of the incident"),
    Field("borough", "code", "warehouse", "the incident's borough, not the caller's home"),
    Field("ward", "code", "warehouse", "the incident's ward"),
    Field("incident_location", "text", "vault", "where the incident was"),
    Field("incident_ref", "text", "vault", "the CAD reference"),
    Field("linked_ref", "text", "vault", "a linked or duplicate CAD reference"),
    Field("handler_ref", "text", "vault", "who answered"),
    Field("units_assigned", "integer", "warehouse", "units sent"),
    Field("unit_seconds", "seconds", "warehouse", "time of all units together, assigned to cleared"),
    Field("first_assigned_at", "time", "warehouse", "when the first unit was assigned"),
    Field("arrived_at", "time", "warehouse", "when the first unit arrived"),
    Field("markers", "code", "vault", "warning markers, separated by ; or |"),
    Field("remarks", "text", "vault", "free text"),
    Field("recording_ref", "text", "vault", "the recording of the call"),
)

# What a layout may name besides the call record.
VERSION_FIELD = Field("version", "text", "warehouse", "which of several rows of one call is the latest")
PREMISES_FIELD = Field(
    "premises", "text", "vault", "an address or other column as the caller's key, where no number is"
)

# Never composed into a call id, since a call id must not tell who called.
IDENTIFYING_FIELDS = frozenset(
    {
        "cli",
        "subscriber_name",
        "subscriber_address",
        "subscriber_postcode",
        "person_name",
        "birth_date",
        "incident_location",
        "remarks",
        "premises",
    }
)


@dataclass(frozen=True)
class Column:
    """One published column."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class Relation:
    """One published relation: its grain in a sentence, its key, its columns."""

    name: str
    comment: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def _columns(text: str) -> tuple[Column, ...]:
    """Columns from lines of `name | TYPE | comment`."""
    parts = ([cell.strip() for cell in line.split("|", 2)] for line in text.strip().splitlines())
    return tuple(Column(name, kind, comment) for name, kind, comment in parts)


CALLS = Relation(
    "calls",
    "One row per call received before the end of as-of: the latest version of each call, of batches not withdrawn.",
    ("call_key",),
    _columns("""
        call_key | UUID | keyed token of source and the source's own call id
        source | VARCHAR | which declared source the call came from
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
        is_doubtful | BOOLEAN | its own facts contradict its misuse code
        is_misuse | BOOLEAN | coded misuse, neither stopped nor doubtful
        episode_number | INTEGER | which of the caller's misuse episodes the call belongs to; null for other calls
    """),
)

CALLERS = Relation(
    "callers",
    "One row per caller: a person, or a shared line or premises, behind one or more numbers.",
    ("caller_id",),
    _columns("""
        caller_id | VARCHAR | stable pseudonym
        identity_kind | VARCHAR | person, shared_line or premises
        identity_basis | VARCHAR | how the caller was decided: single_number, premises, shared_line_marker, register, linked
        number_count | INTEGER | numbers behind the caller
        number_kinds | VARCHAR[] | kinds of those numbers
        first_call_at | TIMESTAMP | first call of any kind, UTC
        last_call_at | TIMESTAMP | last call of any kind, UTC
        calls | BIGINT | calls of any kind
        coded_misuse_calls | BIGINT | calls coded misuse, whatever else is known
        stopped_calls | BIGINT | coded misuse barred by a hard stop
        doubtful_calls | BIGINT | coded misuse, not stopped, contradicted by its own facts
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
    _columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        window_name | VARCHAR | headline, since_log_start, d365, d90 or d30
        window_from | TIMESTAMP | first moment of the window, UTC
        window_to | TIMESTAMP | first moment after the window, UTC
        first_date | DATE | first local day
        last_date | DATE | last local day: as-of
        threshold | INTEGER | misuse calls that make a caller persistent
        channel | VARCHAR | the channel that misuse is counted on
        reporting_zone | VARCHAR | the zone of local days and hours
    """),
)

CALLER_WINDOWS = Relation(
    "caller_windows",
    "One row per caller with a coded misuse call on the headline channel in the window, and window.",
    ("caller_id", "window_name"),
    _columns("""
        caller_id | VARCHAR | the caller
        window_name | VARCHAR | headline, since_log_start, d365, d90 or d30
        window_from | TIMESTAMP | first moment of the window, UTC
        window_to | TIMESTAMP | first moment after the window, UTC
        coded_misuse_calls | BIGINT | coded misuse in the window
        stopped_calls | BIGINT | of them barred by a hard stop
        doubtful_calls | BIGINT | of them, not stopped, contradicted by their own facts
        misuse_calls | BIGINT | misuse calls in the window
        episodes | BIGINT | misuse episodes: calls within the episode gap of one another collapse
        active_days | BIGINT | local days with a misuse call
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
    _columns("""
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
    _columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        estimate | VARCHAR | which figure
        window_name | VARCHAR | headline, since_log_start, d365, d90 or d30
        counted_by | VARCHAR | caller, or number (before linkage and before shared lines are set apart)
        unit | VARCHAR | calls, callers, share, days_a_month, hours_a_month
        point | DOUBLE | the figure
        low | DOUBLE | lower end of its 95% interval; null where none is given
        high | DOUBLE | upper end of its 95% interval
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
    _columns("""
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
    _columns("""
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
    _columns("""
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

TASKING_LIST = Relation(
    "tasking_list",
    "One row per person eligible for tasking: parts 1 to 3 are the meeting's, part 4 waits.",
    ("caller_id",),
    _columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        rank | INTEGER | order in the whole list: by misuse calls, then hours, then earliest tenth call
        part | INTEGER | 1 actions and reviews due, 2 new since last cycle, 3 next most prolific, 4 waiting
        case_ref | VARCHAR | the case's reference, stable for a caller
        caller_id | VARCHAR | the caller
        identity_kind | VARCHAR | person
        misuse_calls_lifetime | BIGINT | misuse calls since the log's start
        misuse_calls_d365 | BIGINT | in 365 days to the end of as-of
        misuse_calls_d90 | BIGINT | in 90 days
        misuse_calls_d30 | BIGINT | in 30 days
        misuse_calls_window | BIGINT | in the headline window; the list's order
        episodes | BIGINT | misuse episodes in the headline window
        genuine_calls_window | BIGINT | calls not coded misuse in the headline window
        p_at_least_threshold | DOUBLE | probability that the true count reaches the threshold; null until coding error is measured
        handling_hours | DOUBLE | handling time of the window's misuse calls; null where not measured
        unit_hours | DOUBLE | unit time of the window's misuse calls; null where not measured
        boroughs | VARCHAR[] | boroughs of the window's misuse calls, most first
        flags | VARCHAR[] | support_first, burst, one_bad_night, several_numbers, new, quiet_30_days
        lane | VARCHAR | recommended lane: technical, support, engagement or enforcement; a person decides
        options | VARCHAR[] | options of that lane in law on as-of, least intrusive first
        owner | VARCHAR | who owns the case's action; null where nobody does yet
        review_date | DATE | when it is looked at again
        status | VARCHAR | state of the case
        reasons | VARCHAR[] | why listed, in sentences
        doubts | VARCHAR[] | why it might be wrong, in sentences
        is_new | BOOLEAN | over the threshold now, not at the last cycle
        first_misuse_at | TIMESTAMP | first misuse call of the window, UTC
        last_misuse_at | TIMESTAMP | last misuse call of the window, UTC
        tenth_misuse_at | TIMESTAMP | when the threshold was reached, UTC
    """),
)

LOOK_LIST = Relation(
    "look_list",
    "One row per caller who needs a human's look whatever the counts say; never cut by capacity.",
    ("caller_id",),
    _columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        case_ref | VARCHAR | the case's reference, stable for a caller
        caller_id | VARCHAR | the caller
        identity_kind | VARCHAR | person, shared_line or premises
        look_reasons | VARCHAR[] | ten_or_more_coded, hard_stop, new_hard_stop, sharp_change
        coded_misuse_calls | BIGINT | coded misuse in the headline window, before any exclusion
        stopped_calls | BIGINT | of them barred by a hard stop
        doubtful_calls | BIGINT | of them contradicted by their own facts
        misuse_calls | BIGINT | misuse calls in the headline window
        calls_d30 | BIGINT | calls of any kind in 30 days
        calls_prior_d30 | BIGINT | calls of any kind in the 30 days before those
        is_stopped | BOOLEAN | a hard stop applies to the caller or to one of the caller's calls
        support_first | BOOLEAN | a vulnerability makes support the default
        is_urgent | BOOLEAN | to be looked at the same night
        is_new | BOOLEAN | the first stop or the change of pattern falls within the last cycle of days
        duty_role | VARCHAR | who looks
        acknowledged_at | TIMESTAMP | when somebody said they had looked, UTC
        last_call_at | TIMESTAMP | last call of any kind, UTC
    """),
)

CASES = Relation(
    "cases",
    "One row per case in the casebook.",
    ("case_ref",),
    _columns("""
        case_ref | VARCHAR | the case's reference
        caller_id | VARCHAR | the caller
        opened_at | TIMESTAMP | when it was opened, UTC
        status | VARCHAR | state of the case
        lane | VARCHAR | lane decided; null before a decision
        owner | VARCHAR | role or borough that owns the action
        review_date | DATE | when it is looked at again
        moves | BIGINT | moves recorded
    """),
)

CASE_MOVES = Relation(
    "case_moves",
    "One row per move recorded in the casebook; reasons stay in the casebook.",
    ("move_id",),
    _columns("""
        move_id | BIGINT | position in the casebook
        case_ref | VARCHAR | the case
        caller_id | VARCHAR | the caller
        moved_at | TIMESTAMP | when, UTC
        move | VARCHAR | which move
        from_status | VARCHAR | state before
        to_status | VARCHAR | state after
        actor_role | VARCHAR | role of who decided
        run_id | VARCHAR | the run whose list was decided on
    """),
)

CALLER_CHANGES = Relation(
    "caller_changes",
    "One row per change of who a caller is: merges, splits, aliases.",
    ("caller_id", "other_caller_id", "change", "run_id"),
    _columns("""
        caller_id | VARCHAR | the caller as it is now
        other_caller_id | VARCHAR | an earlier id that resolves to it
        change | VARCHAR | merged, split or alias
        run_id | VARCHAR | the run that published the change
    """),
)

DEMAND_DAILY = Relation(
    "demand_daily",
    "One row per local day, channel and borough.",
    ("local_date", "channel", "borough"),
    _columns("""
        local_date | DATE | day of receipt in the reporting zone
        channel | VARCHAR | 999, 101, text relay or other
        borough | VARCHAR | the incident's borough; 'not recorded' where absent
        calls | BIGINT | calls
        coded_misuse_calls | BIGINT | coded misuse
        misuse_calls | BIGINT | misuse calls
        unidentified_misuse_calls | BIGINT | misuse calls without a caller
        handling_seconds | BIGINT | handling time
        unit_seconds | BIGINT | unit time
    """),
)

BATCHES = Relation(
    "batches",
    "One row per file taken in. Rows read = accepted + rejected + duplicate + superseded.",
    ("batch_id",),
    _columns("""
        batch_id | VARCHAR | from the file's contents and its source
        source | VARCHAR | the declared source
        rows_read | BIGINT | records in the file
        accepted | BIGINT | went in
        rejected | BIGINT | set aside with a reason
        duplicate | BIGINT | the same in every field as one that is in
        superseded | BIGINT | an earlier version of a call that is in
        first_received_at | TIMESTAMP | earliest accepted call, UTC
        last_received_at | TIMESTAMP | latest accepted call, UTC
        ingested_at | TIMESTAMP | when it went in, UTC
        is_withdrawn | BOOLEAN | taken back out
    """),
)

RUNS = Relation(
    "runs",
    "One row per run that reached publication: what it was made from.",
    ("run_id",),
    _columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        started_at | TIMESTAMP | UTC
        finished_at | TIMESTAMP | UTC
        status | VARCHAR | published, failed or running
        code_version | VARCHAR | version of the program
        settings_digest | VARCHAR | digest of every setting that bears on the result
        rules_digest | VARCHAR | digest of the reviewed rules
        input_digest | VARCHAR | digest of the live batches
        casebook_head | VARCHAR | digest of the last casebook event
        calls | BIGINT | calls published
        misuse_calls | BIGINT | misuse calls in the headline window
        persistent_callers | BIGINT | persistent callers in the headline window
        failed_checks | VARCHAR[] | names of the checks that did not hold
        warned_checks | VARCHAR[] | names of the checks that ask for a look
    """),
)

PUBLISHED: tuple[Relation, ...] = (
    CALLS,
    CALLERS,
    WINDOWS,
    CALLER_WINDOWS,
    PERSISTENT_CALLERS,
    ESTIMATES,
    BRIDGE,
    CONCENTRATION,
    MISUSE_MONTHLY,
    TASKING_LIST,
    LOOK_LIST,
    CASES,
    CASE_MOVES,
    CALLER_CHANGES,
    DEMAND_DAILY,
    BATCHES,
    RUNS,
)

# Not part of the canonical digest: they tell when and how, not what.
UNDIGESTED = frozenset({"batches", "runs"})
