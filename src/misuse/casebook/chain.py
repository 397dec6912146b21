"""Verifying the chain, and the heads noted outside it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse.casebook import keeping, publishing
from misuse.casebook.events import GENESIS, Broken, Event, canonical, check_key, read, tables

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = [
    "Anchor",
    "alone_with_head",
    "anchors",
    "check_key",
    "digest_of",
    "faults",
    "keep_lost_head",
    "note_anchor",
    "note_head",
]


@dataclass(frozen=True)
class Anchor:
    """A head noted outside the chain: when, at which event, why, and for which run."""

    event_id: int
    head: str
    at: str
    why: str
    run_id: str | None = None


def faults(con: sa.Connection, key: str, anchors: Iterable[Anchor], heads: Collection[str]) -> list[Broken]:
    """Every event that was changed, is missing, out of order or was cut off; empty where the chain holds.

    `heads` are digests noted on a run, on minutes or a pack; those of before the chain was keyed count too.
    """
    events = read(con, with_put_away=True)
    certified = _certified(con, events)
    found = [*_along(events, key, certified), *_extracts(con, events, certified), *_uncertified(con, certified)]
    found += [
        Broken(number, "who held which number was changed after it was published")
        for number in publishing.faults(con, events)
    ]
    return sorted(found + _ends(events, key, anchors, heads), key=lambda broken: broken.event_id)


def _along(events: Iterable[Event], key: str, certified: Collection[int]) -> Iterator[Broken]:
    previous, expected = GENESIS, 1
    for event in events:
        yield from (Broken(number, "it is missing") for number in range(expected, event.event_id))
        if event.event_id == expected and event.previous_digest != previous:
            yield Broken(event.event_id, "it does not follow the event before it")
        elif event.digest != event.reckoned_digest(key):
            yield Broken(event.event_id, "it was changed after it was recorded")
        elif event.is_put_away and event.event_id not in certified:
            yield Broken(event.event_id, "what it said is gone, and no certificate says that it was put away")
        elif not event.is_put_away and event.content_hash != event.reckoned_hash():
            yield Broken(event.event_id, "what it says was changed after it was recorded")
        previous, expected = event.digest, event.event_id + 1


def _certified(con: sa.Connection, events: Iterable[Event]) -> set[int]:
    """Events that a certificate names, and whose disposal names that certificate."""
    *_, disposals = tables()
    named = {event.event_id: set(event.data["events"]) for event in events if event.kind == "disposed" and event.salt}
    rows = con.execute(disposals.select()).fetchall()
    return {event_id for event_id, certificate in rows if event_id in named.get(certificate, ())}


def _uncertified(con: sa.Connection, certified: Collection[int]) -> Iterator[Broken]:
    """Events that are noted as put away though no certificate names them: what they say could go unseen."""
    *_, disposals = tables()
    for event_id, _ in con.execute(disposals.select()).fetchall():
        if event_id not in certified:
            yield Broken(int(event_id), "it is noted as put away, and no certificate names it")


def _extracts(con: sa.Connection, events: Iterable[Event], certified: Collection[int]) -> Iterator[Broken]:
    """Frozen evidence that is gone or was changed."""
    _, _, extracts, _ = tables()
    held = {row.event_id: bytes(row.sealed) for row in con.execute(extracts.select())}
    for event in events:
        wanted = event.data.get("extract") if event.kind == "case_moved" else None
        if not wanted or event.event_id in certified:
            continue
        if event.event_id not in held:
            yield Broken(event.event_id, "the evidence frozen with it is gone")
        elif digest_of(held[event.event_id]) != wanted:
            yield Broken(event.event_id, "the evidence frozen with it was changed")


def digest_of(sealed: bytes) -> str:
    """What an event says of the extract that goes with it."""
    import hashlib

    return hashlib.sha256(sealed).hexdigest()


def _ends(events: list[Event], key: str, anchors: Iterable[Anchor], heads: Collection[str]) -> list[Broken]:
    """Heads noted outside that the chain lacks: it was cut off after them, or put together anew."""
    digests = {event.event_id: event.digest for event in events}
    known = {GENESIS, *digests.values(), *(event.earlier_mac for event in events if event.earlier_mac)}
    following = (max(digests) if digests else 0) + 1
    lost = [anchor for anchor in anchors if digests.get(anchor.event_id, GENESIS) != anchor.head and anchor.event_id]
    found = {
        min(anchor.event_id, following): f"the chain lacks the head noted {anchor.at} ({anchor.why}): it was cut off"
        for anchor in lost
    }
    if any(head not in known and keeping.mac(key, head) not in known for head in heads):
        found.setdefault(following, "the chain lacks the head it is compared with: it was cut off")
    return [Broken(number, why) for number, why in found.items()]


# ── heads noted outside ────────────────────────────────────────────────────────────────────────


def head_path(casebook: Path) -> Path:
    """The newest head, noted after every record."""
    return casebook.with_suffix(".head")


def anchors_path(casebook: Path) -> Path:
    """Heads noted at each run and on each paper, a line each."""
    return casebook.with_suffix(".anchors")


@contextlib.contextmanager
def alone_with_head(casebook: Path) -> Iterator[None]:
    """Keep every other thread and program from noting a head; the folder is locked, since a head is a new file each time."""
    folder = os.open(casebook.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def note_head(casebook: Path, key: str, event: Event) -> None:
    """Note the newest head beside the casebook, with a MAC of its own, in one step, alone with it."""
    document = {"event_id": event.event_id, "head": event.digest, "at": event.occurred_at}
    text = canonical(document | {"mac": keeping.mac(key, canonical(document))})
    beside = head_path(casebook).with_name(f"{head_path(casebook).name}.{os.getpid()}.{event.event_id}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(text + "\n")
    beside.replace(head_path(casebook))


def keep_lost_head(con: sa.Connection, casebook: Path, key: str) -> None:
    """Before a newer head takes its place: a noted head that the chain lacks goes to the anchors, so that it stays known."""
    events, *_ = tables()
    for anchor in anchors_of_head(casebook, key):
        row = con.execute(events.select().where(events.c.event_id == anchor.event_id)).first()
        if anchor.event_id and (row is None or row.digest != anchor.head):
            note_anchor(casebook, anchor)


def note_anchor(casebook: Path, anchor: Anchor) -> None:
    """Add a line to the anchors, and have it on the disk."""
    line = canonical(anchor.__dict__) + "\n"
    with os.fdopen(os.open(anchors_path(casebook), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def anchors(casebook: Path, key: str | None = None) -> list[Anchor]:
    """The heads noted outside, in order, the newest head last.

    One whose line cannot be read counts as a head that no chain has: it was tampered with.
    """
    return [_anchor(line) for line in _lines(anchors_path(casebook))] + anchors_of_head(casebook, key)


def anchors_of_head(casebook: Path, key: str | None) -> list[Anchor]:
    """The newest head as noted beside the casebook, if its MAC is the key's."""
    found = []
    for line in _lines(head_path(casebook)):
        document = _document(line)
        told = document.pop("mac", "")
        is_own = key is None or told == keeping.mac(key, canonical(document))
        found.append(_anchor(canonical({**document, "why": "after every record"}) if is_own else ""))
    return found


def _anchor(line: str) -> Anchor:
    with contextlib.suppress(TypeError):
        found = Anchor(**_document(line))
        if type(found.event_id) is int and all(type(text) is str for text in (found.head, found.at, found.why)):
            return found
    return Anchor(1, "", "at an unknown time", "a line that cannot be read")


def _document(line: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(line)
        if isinstance(found, dict):
            return found
    return {}


def _lines(path: Path) -> list[str]:
    """A file's lines; bytes that are no text stay in them as signs, so that their lines are not as they were."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return [line for line in text.splitlines() if line]
