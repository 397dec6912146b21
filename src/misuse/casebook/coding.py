"""Calls coded again by two people blind to each other: samples, verdicts, what still waits; read off the events.

A verdict may be changed until both coders have coded the whole sample; nobody sees the other's before. From then on a
third person settles what they differ on, or what either could not tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from misuse.casebook.events import Event

MISUSE, NOT_MISUSE, CANNOT_TELL = "misuse", "not_misuse", "cannot_tell"
VERDICTS = (MISUSE, NOT_MISUSE, CANNOT_TELL)
EVENTS = ("coding_sample_drawn", "calls_coded", "calls_settled", "coding_sample_withdrawn")
WITHHELD = "withheld until both coders have finished"


@dataclass(frozen=True)
class SampledCall:
    """A call to code again, and what the log said of it when it was drawn."""

    number: int
    call_key: str
    kind: str  # misuse, doubtful or other, by its codes
    code: str
    is_frequent: bool  # of a person with at least the threshold's number of calls of any kind

    @property
    def document(self) -> list[Any]:
        """As an event keeps it."""
        return [self.call_key, self.kind, self.code, self.is_frequent]


@dataclass
class Sample:
    """A sample as its events leave it."""

    event: Event
    calls: tuple[SampledCall, ...]
    verdicts: dict[str, dict[int, str]]  # by coder and call; coders in the order in which they were named
    settled: dict[int, str] = field(default_factory=dict)
    is_withdrawn: bool = False

    @property
    def sample_id(self) -> str:
        """D and a number."""
        return str(self.event.data["sample"])

    @property
    def coders(self) -> tuple[str, ...]:
        """The two who code."""
        return tuple(self.verdicts)

    @property
    def is_complete(self) -> bool:
        """Whether both have coded every call."""
        return all(len(given) == len(self.calls) for given in self.verdicts.values())

    def pair(self, number: int) -> tuple[str, str]:
        """Both verdicts on a call; of a complete sample only."""
        first, second = (given[number] for given in self.verdicts.values())
        return first, second

    def in_dispute(self) -> list[int]:
        """Calls that a third person is to settle, or has settled: the coders differ and one at least could tell."""
        if not self.is_complete:
            return []
        return [call.number for call in self.calls if len(set(self.pair(call.number))) > 1]

    def unsettled(self) -> list[int]:
        """Those that nobody has settled."""
        return [number for number in self.in_dispute() if number not in self.settled]


def samples(events: Iterable[Event]) -> dict[str, Sample]:
    """Every sample by its id, from events of EVENTS in order."""
    found: dict[str, Sample] = {}
    for event in events:
        data = event.data
        if event.kind == "coding_sample_drawn":
            calls = tuple(SampledCall(number, *row) for number, row in enumerate(data["calls"], 1))
            found[data["sample"]] = Sample(event, calls, {coder: {} for coder in data["coders"]})
            continue
        sample = found[data["sample"]]
        if event.kind == "coding_sample_withdrawn":
            sample.is_withdrawn = True
            continue
        given = {int(number): verdict for number, verdict in data["verdicts"].items()}
        (sample.settled if event.kind == "calls_settled" else sample.verdicts[event.actor]).update(given)
    return found


def blinded(events: Iterable[Event], reader: str) -> list[dict[str, Any]]:
    """What each event tells the reader: of a sample that the reader still codes, nothing of the other's verdicts."""
    events = list(events)
    open_to = {
        sample.sample_id
        for sample in samples(event for event in events if event.kind in EVENTS).values()
        if reader in sample.coders and not sample.is_complete and not sample.is_withdrawn
    }
    told: list[dict[str, Any]] = []
    for event in events:
        data = event.data
        is_other = event.kind == "calls_coded" and event.actor != reader and data["sample"] in open_to
        told.append({**data, "verdicts": WITHHELD} if is_other else data)
    return told


def rows(found: Mapping[str, Sample]) -> list[tuple[Any, ...]]:
    """Rows of casebook_coded_calls: every call of the complete samples that nobody withdrew."""
    return [
        (sample.sample_id, sample.event.event_id, call.call_key, call.is_frequent, call.kind, call.code,
         *sample.pair(call.number), sample.settled.get(call.number))
        for sample in found.values()
        if sample.is_complete and not sample.is_withdrawn
        for call in sample.calls
    ]  # fmt: skip


def sample_rows(found: Mapping[str, Sample]) -> list[tuple[Any, ...]]:
    """Rows of casebook_coding_samples: every sample that nobody withdrew, and how far it is."""
    return [
        (sample.sample_id, sample.event.at, len(sample.calls), *map(len, sample.verdicts.values()), sample.is_complete,
         len(sample.unsettled()))
        for sample in found.values()
        if not sample.is_withdrawn
    ]  # fmt: skip
