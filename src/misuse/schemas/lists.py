"""Published relations of lists, cases and the ledger."""

from __future__ import annotations

from misuse.schemas.relation import Relation, columns

TASKING_LIST = Relation(
    "tasking_list",
    "One row per person eligible for tasking: parts 1 to 3 are the meeting's, part 4 waits.",
    ("caller_id",),
    columns("""
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
        flags | VARCHAR[] | urgent_stop_unseen (an urgent hard stop on a call of theirs that nobody has looked at), support_first, handset_fault (a rule about faults of handsets hit calls of the headline window, and half of those coded misuse are wordless), burst (half of the window's misuse calls within 7 days), one_bad_night (half within 24 hours, or no more than two episodes), several_numbers, may_be_shared_line, new, quiet_30_days (no misuse call in them), reopened (misuse calls since the case was closed)
        lane | VARCHAR | recommended lane: technical, support, engagement or enforcement; a person decides
        options | VARCHAR[] | options of that lane in law on as-of, least intrusive first
        owner | VARCHAR | who owns the case's action; null where nobody does yet
        review_date | DATE | when it is looked at again
        status | VARCHAR | state of the case
        reasons | VARCHAR[] | why listed, in sentences
        doubts | VARCHAR[] | why it might be wrong, in sentences
        is_new | BOOLEAN | over the threshold now, not at the last cycle
        unconfirmed_links | BIGINT | joins between the caller's numbers that no person has confirmed
        misuse_calls_confirmed | BIGINT | misuse calls in the headline window of the largest group of its numbers that people alone joined; one number counts
        enforcement_bars | VARCHAR[] | what bars enforcement: urgent_stop_unseen, unconfirmed_links, below_threshold, changed_identity, safeguards_blind; empty where nothing does
        first_misuse_at | TIMESTAMP | first misuse call of the window, UTC
        last_misuse_at | TIMESTAMP | last misuse call of the window, UTC
        tenth_misuse_at | TIMESTAMP | when the threshold was reached, UTC
    """),
)

LOOK_LIST = Relation(
    "look_list",
    "One row per caller who needs a human's look whatever the counts say; never cut by capacity.",
    ("caller_id",),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        case_ref | VARCHAR | the case's reference, stable for a caller
        caller_id | VARCHAR | the caller
        identity_kind | VARCHAR | person, shared_line or premises
        look_reasons | VARCHAR[] | ten_or_more_coded, hard_stop, new_hard_stop, linked_stop (every stop came from elsewhere: another number, an address or a person in common), new_content (something new in a frequent contact's call), sharp_change (on channels that were there 60 days ago: in 30 days ten calls and three times those of the 30 before; or, with threshold coded misuse calls, three genuine ones and three times), case_on_a_line (of a case not closed the number turned out to be a line of many people)
        coded_misuse_calls | BIGINT | coded misuse in the headline window, before any exclusion
        stopped_calls | BIGINT | of them barred by a hard stop
        doubtful_calls | BIGINT | of them doubtful: the code not known, chosen by nobody or contradicted by the call's own facts
        misuse_calls | BIGINT | misuse calls in the headline window
        calls_d30 | BIGINT | calls of any kind in 30 days
        calls_prior_d30 | BIGINT | calls of any kind in the 30 days before those; null where the log, or a channel of theirs, was not there 60 days ago
        is_stopped | BOOLEAN | a hard stop applies to the caller or to one of the caller's calls
        support_first | BOOLEAN | a vulnerability makes support the default
        is_urgent | BOOLEAN | to be looked at the same night
        is_new | BOOLEAN | a first stop of its kind within the last cycle of days, a rule's stop that no look saw, or a sharp change
        duty_role | VARCHAR | who looks
        acknowledged_at | TIMESTAMP | when somebody said they had looked, UTC
        last_call_at | TIMESTAMP | last call of any kind, UTC
        urgent_stops | BIGINT | urgent hard stops on the caller and on single calls; a look clears those it saw
        urgent_stops_unseen | BIGINT | of them those that nobody has looked at; nought where it is not urgent
        last_urgent_stop_at | TIMESTAMP | when the newest urgent hard stop was set off, UTC; null where there is none
        stop_ids | VARCHAR[] | an id of each hard stop on the caller and on single calls, by which a look knows what it saw; it tells neither rule nor call
    """),
)

STOPPED_CALLS_OF_NOBODY = Relation(
    "stopped_calls_of_nobody",
    "One row per call coded misuse in the headline window, of any channel, that a hard stop bars and no known caller made: the look list, which is of callers, cannot hold it.",
    ("call_key",),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        call_key | UUID | the call
        received_at | TIMESTAMP | when it was received, UTC
        channel | VARCHAR | 999, 101, text relay or other
        borough | VARCHAR | the incident's borough; null where not recorded
        is_urgent | BOOLEAN | an urgent hard stop hit it: to be looked at the same night
        is_new | BOOLEAN | it came, or a hard stop first hit it, within the last cycle of days; no look is recorded of a call, so it stays new so long
        duty_role | VARCHAR | who looks
    """),
)

CASES = Relation(
    "cases",
    "One row per case in the casebook.",
    ("case_ref",),
    columns("""
        case_ref | VARCHAR | the case's reference
        caller_id | VARCHAR | the caller it is about now
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
    columns("""
        move_id | BIGINT | position in the casebook
        case_ref | VARCHAR | the case
        caller_id | VARCHAR | the caller it is about now
        moved_at | TIMESTAMP | when, UTC
        move | VARCHAR | which move
        from_status | VARCHAR | state before
        to_status | VARCHAR | state after
        actor_role | VARCHAR | role of who decided
        run_id | VARCHAR | the run whose list was decided on
    """),
)

DEMAND_DAILY = Relation(
    "demand_daily",
    "One row per local day, channel and borough.",
    ("local_date", "channel", "borough"),
    columns("""
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
    columns("""
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
    "One row per run that began, with how it ended: what it was made from.",
    ("run_id",),
    columns("""
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
        identity_model | VARCHAR | digest of the model that linked callers; null where none was trained
        calls | BIGINT | calls published
        misuse_calls | BIGINT | misuse calls in the headline window
        persistent_callers | BIGINT | persistent callers in the headline window
        failed_checks | VARCHAR[] | names of the checks that did not hold
        warned_checks | VARCHAR[] | names of the checks that ask for a look
    """),
)
