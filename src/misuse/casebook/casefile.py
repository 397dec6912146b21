"""What a case's own events amount to since it last moved: calls opened and judged, a proposal that waits, what runs reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from misuse.casebook.events import Event, read

if TYPE_CHECKING:
    import sqlalchemy as sa

CONFIRMED, REFUTED, CANNOT_TELL = "confirmed", "refuted", "cannot_tell"
JUDGEMENTS = (CONFIRMED, REFUTED, CANNOT_TELL)
# Moves after which the calls need not be opened anew: they say where the list put the case, and decide nothing.
PLACING = frozenset({"list", "wait", "expire", "halt"})
RECONCILING = frozenset({"reconcile", "review"})


@dataclass(frozen=True)
class Judgement:
    """What somebody found a call to be."""

    verdict: str
    by: str
    at: datetime
    note: str


@dataclass
class Casefile:
    """One case, read off its events in order."""

    opened: dict[str, set[str]] = field(default_factory=dict)  # calls by who opened them, since the case last moved
    judged: dict[str, Judgement] = field(default_factory=dict)  # the newest of each call
    proposal: Event | None = None
    reports: list[Event] = field(default_factory=list)  # of runs, not yet reconciled
    met: dict[tuple[str, str], Event] = field(default_factory=dict)  # preconditions of options, by option and text

    def confirmed(self) -> list[str]:
        """Calls that somebody confirmed as misuse, and nobody refuted since."""
        return sorted(key for key, judgement in self.judged.items() if judgement.verdict == CONFIRMED)

    def take(self, event: Event) -> None:
        """One more event."""
        data = event.data
        if event.kind == "calls_opened":
            self.opened.setdefault(event.actor, set()).update(data["calls"])
        elif event.kind == "call_judged":
            self.judged[data["call_key"]] = Judgement(data["verdict"], event.actor, event.at, data.get("note") or "")
            self.opened.setdefault(event.actor, set()).add(data["call_key"])
        elif event.kind == "case_reported":
            self.reports.append(event)
        elif event.kind == "precondition_met":
            self.met[data["option"], data["need"]] = event
        elif event.kind == "case_moved":
            self._moved(event, data)

    def _moved(self, event: Event, data: Mapping[str, Any]) -> None:
        self.proposal = event if data["to"] == "proposed" else None
        if data["move"] not in PLACING:
            self.opened = {}
        if data["move"] in RECONCILING and data.get("spells"):
            self.reports = []


KINDS = ("calls_opened", "call_judged", "case_reported", "precondition_met", "case_moved")


def casefiles(con: sa.Connection, case_ref: str | None = None) -> dict[str, Casefile]:
    """Every case's, or one's, by reference."""
    found: dict[str, Casefile] = {}
    for event in read(con, *KINDS, case_ref=case_ref):
        found.setdefault(str(event.case_ref), Casefile()).take(event)
    return found


def casefile(con: sa.Connection, case_ref: str) -> Casefile:
    """One case's."""
    return casefiles(con, case_ref).get(case_ref, Casefile())
