"""Published relations of lines that are many people's."""

from __future__ import annotations

from misuse.schemas.relation import Relation, columns

SHARED_LINES = Relation(
    "shared_lines",
    "One row per shared line or premises with a call on the headline channel in the headline window: counted apart, never a person's.",
    ("caller_id",),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        caller_id | VARCHAR | the line
        identity_kind | VARCHAR | shared_line or premises
        kinds | VARCHAR[] | what it is, by its markers and the register: care_home, hospital, hostel, refuge, switchboard, kiosk, school, alarm_line, care_alarm
        is_registered | BOOLEAN | a person put it into the register of shared lines
        number_kinds | VARCHAR[] | kinds of its numbers; payphone where it is a kiosk
        calls | BIGINT | calls on the headline channel in the headline window
        coded_misuse_calls | BIGINT | of them coded misuse
        stopped_calls | BIGINT | of those barred by a hard stop
        misuse_calls | BIGINT | misuse calls
        threshold | INTEGER | misuse calls in a calendar month from which the line is over its threshold
        most_misuse_calls_month | BIGINT | misuse calls of the month with most
        most_misuse_month | DATE | first day of that month; of months with equally many the last; null without misuse
        months_over_threshold | BIGINT | calendar months with at least threshold misuse calls
        is_over_threshold | BOOLEAN | at least one such month
        last_month_over_threshold | DATE | first day of the last of them; null where there is none
        boroughs | VARCHAR[] | boroughs of its calls, most first
        first_call_at | TIMESTAMP | first of the calls, UTC
        last_call_at | TIMESTAMP | last of the calls, UTC
    """),
)

SHARED_LINE_SUGGESTIONS = Relation(
    "shared_line_suggestions",
    "One row per number that is counted as a person's and behaves as a shared line; it stays a person's until a human registers it.",
    ("spell_id",),
    columns("""
        run_id | VARCHAR | the run
        as_of | DATE | last local day the run speaks for
        spell_id | VARCHAR | the number and the time of its holder
        caller_id | VARCHAR | the caller that it is counted to
        probability | DOUBLE | how likely it is a shared line, by the model in force
        reasons | VARCHAR[] | what speaks most for it, in words
        calls | BIGINT | calls of the number on any channel in the headline window
        misuse_calls | BIGINT | misuse calls of the number on the headline channel in the headline window
    """),
)
