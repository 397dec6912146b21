"""Innocent explanations of a caller's calls, tested: what speaks for each, what does not, and what this log cannot tell.

That a log cannot tell is never told as if it had told "no": a safeguard without markers, a linker that was never trained and
calls that nobody coded again see nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from misuse import rules, safeguards, store
from misuse.casebook.casefile import REFUTED
from misuse.room.desk import Desk
from misuse.room.in_run import of_run

if TYPE_CHECKING:
    import duckdb

WORDLESS = ("silent_or_abandoned", "handset")  # the lists of codes of which bursts and faults are made
OFF_LIST = "the run reckons this for whoever is on its list alone"
_SURE = 0.95  # as the list has it: a lower chance of truly being over the line speaks for wrong codes
_LINKER = "select identity_model from runs order by started_at desc limit 1"
_CODES = "select distinct unnest([opening_code, closing_code]) as code from calls"
_SUGGESTED = "select distinct caller_id from shared_line_suggestions"
_GENUINE = "select genuine_calls from callers where caller_id = $caller_id"


@dataclass(frozen=True)
class Sight:
    """What the logs that are in and the models of a run can tell at all.

    `faults`: a marker of faulty handsets can come, or calls without words are coded as such. `need`: every safeguard of
    need can be set off. `linked`: a linker was trained. `shared_lines`: callers whom the run suggests as shared lines; None
    where it suggests nobody, as where no model may speak.
    """

    faults: bool
    need: bool
    linked: bool
    shared_lines: frozenset[str] | None


def sight(con: duckdb.DuckDBPyConnection, desk: Desk) -> Sight:
    """The same of the published run, looked up once."""
    return of_run(con, ("sight", str(desk.settings.home)), lambda: _sight(con, desk))


def _sight(con: duckdb.DuckDBPyConnection, desk: Desk) -> Sight:
    reviewed, names = rules.load(), safeguards.live_sources(con)
    unseen = safeguards.unseen(desk.settings, reviewed, names)
    faults = [rule.id for rule in reviewed.hard_stops if rule.is_fault]
    needs = {rule.id for rule in reviewed.hard_stops if rule.is_urgent or rule.support_first}
    is_marked = bool(names) and not any(safeguards.unmarked(desk.settings, reviewed, names, rule) for rule in faults)
    found = con.execute(_LINKER).fetchone()
    suggested = store.holds(con, "shared_line_suggestions")
    lines = frozenset(str(row[0]) for row in con.execute(_SUGGESTED).fetchall()) if suggested else frozenset[str]()
    return Sight(
        faults=is_marked or _has_wordless_codes(con, reviewed),
        need=bool(names) and not needs.intersection(unseen),
        linked=bool(found and found[0]),
        shared_lines=lines or None,
    )


def _has_wordless_codes(con: duckdb.DuckDBPyConnection, reviewed: rules.Rules) -> bool:
    """Whether any call is coded as silent, abandoned or made by a handset: words whole, whatever stands between their parts."""
    words = [
        " ".join(rules.parts(word)) for group in reviewed.code_lists if group.id in WORDLESS for word in group.words
    ]
    codes = [" ".join(rules.parts(str(row[0]))) for row in con.execute(_CODES).fetchall() if row[0]]
    return any(f" {word} " in f" {code} " for code in codes for word in words)


def explanations(
    seen: Sight,
    caller: str,
    listed: Mapping[str, Any] | None,
    *,
    is_vulnerable: bool,
    look: Mapping[str, Any] | None,
    calls: Sequence[Mapping[str, Any]],
    genuine_calls: int = 0,
) -> list[dict[str, Any]]:
    """Each explanation: name, told, speaks_for (None: this log cannot tell), why_not (why it cannot; None where it can).

    What speaks for one counts whether or not the caller is listed. An urgent stop speaks for need whether or not somebody
    looked, and a call that somebody refuted for wrong codes: what was found is in the case, not in the log.
    """
    flags: Collection[str] = (listed or {}).get("flags") or ()
    is_urgent = bool((look or {}).get("is_urgent") or (look or {}).get("urgent_stops"))
    links = (listed or {}).get("unconfirmed_links")
    chance = (listed or {}).get("p_at_least_threshold")
    doubtful = (
        any("doubtful" in doubt for doubt in listed.get("doubts") or ())
        if listed
        else any(call.get("is_doubtful") for call in calls)
    )
    miscoded = doubtful or any(call.get("judged") == REFUTED for call in calls)
    off = None if listed else OFF_LIST
    lines = seen.shared_lines
    genuine = listed["genuine_calls_window"] if listed else genuine_calls
    tests = (
        ("handset_fault", "a fault of a handset, line or alarm", "handset_fault" in flags,
         off or _unless(seen.faults, "no marker and no code of this log tells of silent calls or faulty handsets")),
        ("shared_line", "a number that many people use", "may_be_shared_line" in flags or caller in (lines or ()),
         _unless(lines is not None, "nothing has learned here how shared lines behave")),
        ("one_bad_night", "one bad night, no habit", "one_bad_night" in flags, off),
        ("two_people", "numbers of two people taken as one", bool(links),
         _unless(seen.linked, "no linker was trained, so nobody compared who called") or off),
        ("need", "somebody who needs help", is_vulnerable or is_urgent or "support_first" in flags,
         _unless(seen.need, "safeguards that would tell of need cannot be set off by this log")),
        ("genuine_callers", "genuine calls among them", bool(genuine), None),
        ("coding", "codes that are wrong", miscoded or (chance is not None and chance < _SURE),
         off or _unless(chance is not None, "nobody coded a sample of calls again")),
    )  # fmt: skip
    return [
        {
            "name": name,
            "told": words,
            "speaks_for": speaks or (None if why else False),
            "why_not": None if speaks else why,
        }
        for name, words, speaks, why in tests
    ]


def _unless(can_tell: bool, why: str) -> str | None:
    return None if can_tell else why


def of_caller(
    con: duckdb.DuckDBPyConnection,
    desk: Desk,
    caller: str,
    listed: Mapping[str, Any] | None,
    *,
    is_vulnerable: bool,
    look: Mapping[str, Any] | None,
    calls: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """The same of a published caller, whether or not listed."""
    row = con.execute(_GENUINE, {"caller_id": caller}).fetchone()
    return explanations(
        sight(con, desk), caller, listed, is_vulnerable=is_vulnerable, look=look, calls=calls,
        genuine_calls=int(row[0] or 0) if row else 0,
    )  # fmt: skip
