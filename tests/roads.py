"""The same calls by every road: a small log of people with several numbers, corrections and all, and ways to deliver it.

A road is an order of the rows, a cutting into files, runs between, files that are taken back, and people's decisions at
any time. Everything is drawn from one seed. Numbers come from Ofcom's drama ranges; no name is anybody's.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from misuse import casebook, ingest, intake, linkage, model_review, pipeline, publication, vault, warehouse
from misuse.errors import InputError, MisuseError
from misuse.progress import Silent
from misuse.schemas import PUBLISHED, UNDIGESTED
from misuse.settings import Settings
from tests.logs import MOBILES, NOW, settings_for, write_csv

AS_OF = date(2025, 12, 31)
START = datetime(2025, 2, 1)
DAYS = (datetime.combine(AS_OF, datetime.min.time()) - START).days
Row = dict[str, str]

MARKERS = ("domestic_abuse", "child", "hate_crime", "dementia", "kiosk", "vulnerable", "missing_person")
DETAILS = ("name", "address", "postcode", "person", "born")
COLUMNS = ("ref", "received", "channel", "cli", *DETAILS, "opening", "code", "result", "place", "markers", "remarks", "version")  # fmt: skip
SOURCE: Mapping[str, Any] = {
    "format": "csv",
    "columns": {
        "call_id": "ref", "received_at": "received", "channel": "channel", "cli": "cli", "subscriber_name": "name",
        "subscriber_address": "address", "subscriber_postcode": "postcode", "person_name": "person",
        "birth_date": "born", "opening_code": "opening", "closing_code": "code", "result_code": "result",
        "incident_location": "place", "markers": "markers", "remarks": "remarks", "version": "version",
    },
    "version": {"kind": "integer"},
    "misuse": {"closing_code": ["HOAX", "NUISANCE", "SILENT NUISANCE"]},
    "doubt": {"result_code": ["CRIME RECORDED"]},
}  # fmt: skip


def home(root: Path, **changes: Any) -> Settings:
    """A home whose one source is this log's."""
    return settings_for(root, sources={"calls": SOURCE}, threshold=5, bootstrap_replicates=5, **changes)


# ── people and their calls ─────────────────────────────────────────────────────────────────────


def _word(chance: random.Random, parts: int) -> str:
    return "".join(chance.choice("brtvklmndgzs") + chance.choice("aeiou") for _ in range(parts)).title()


def _slip(chance: random.Random, text: str) -> str:
    """Two letters change places."""
    if len(text) < 4:
        return text
    at = chance.randrange(1, len(text) - 2)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def people(chance: random.Random, count: int) -> list[Row]:
    """Invented people; some are of the household of the one before."""
    found: list[Row] = []
    for _ in range(count):
        surname, street = _word(chance, 3), f"{chance.randrange(1, 60)} {_word(chance, 2)} Row"
        postcode = (
            f"ZZ{chance.randrange(1, 10)} {chance.randrange(1, 10)}{chance.choice('ABDEF')}{chance.choice('GHJLN')}"
        )
        if found and chance.random() < 0.2:
            surname, street, postcode = found[-1]["name"].split()[1], found[-1]["address"], found[-1]["postcode"]
        name = f"{_word(chance, 2)} {surname}"
        born = f"{1940 + chance.randrange(65)}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}"
        found.append({"name": name, "address": street, "postcode": postcode, "person": name, "born": born})
    return found


def said(chance: random.Random, person: Mapping[str, str]) -> Row:
    """What one call tells of whoever called: some of it, now and then with a slip."""
    return {
        name: "" if chance.random() < 0.35 else _slip(chance, value) if chance.random() < 0.12 else value
        for name, value in person.items()
    }


def records(seed: int, count: int) -> list[Row]:
    """A log for training alone: a call or two of each of so many people's numbers."""
    chance = random.Random(seed)
    numbers = iter(MOBILES)
    rows = []
    for person in people(chance, count):
        for number in [next(numbers) for _ in range(chance.choice((1, 1, 2, 3)))]:
            for _ in range(chance.choice((1, 2))):
                rows.append(_call(chance, f"t{len(rows)}", number, START + timedelta(hours=len(rows)), person))
    return rows


def _call(chance: random.Random, ref: str, number: str, at: datetime, person: Mapping[str, str]) -> Row:
    return dict.fromkeys(COLUMNS, "") | {
        "ref": ref,
        "received": at.isoformat(sep=" "),
        "channel": chance.choice(("999", "999", "999", "101")),
        "cli": number,
        **said(chance, person),
        "opening": chance.choice(("", "DOMESTIC", "THEFT", "SILENT CALL", "FIRE")),
        "code": chance.choice(("HOAX", "HOAX", "NUISANCE", "SILENT NUISANCE", "THEFT", "RTC")),
        "result": chance.choice(("", "", "", "CRIME RECORDED")),
        "place": person["address"] if chance.random() < 0.15 else "",
        "remarks": chance.choice((*[""] * 20, "wants a pizza", "said nothing new", "screams heard")),
        "version": "1",
    }


@dataclass
class Log:
    """The calls as they finally are, and all rows that were ever sent of them."""

    final: list[Row] = field(default_factory=list)
    sent: list[Row] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)


def some_log(seed: int, callers: int = 36) -> Log:
    """A few hundred calls: several numbers a person, numbers handed on, shared lines, markers, corrections."""
    chance = random.Random(seed)
    log, numbers = Log(), iter(MOBILES)
    everybody = people(chance, callers)
    for at, person in enumerate(everybody):
        held = [next(numbers) for _ in range(chance.choice((1, 1, 2, 2, 3)))]
        log.numbers += held
        heir = everybody[(at + 1) % len(everybody)]
        handed_on = START + timedelta(days=chance.randrange(60, DAYS)) if chance.random() < 0.3 else None
        silent_from = chance.randrange(30, 90) if chance.random() < 0.3 else None
        marker = chance.choice(MARKERS) if chance.random() < 0.4 else ""
        for number in held:
            for _ in range(int(1 + chance.paretovariate(0.7)) % 17):
                day = chance.randrange(DAYS)
                if silent_from and silent_from < day < silent_from + 150:
                    continue
                moment = START + timedelta(days=day, seconds=chance.randrange(86400))
                holder = heir if handed_on and number == held[0] and moment > handed_on else person
                row = _call(chance, f"R{len(log.final)}", number, moment, holder)
                row["markers"] = marker if chance.random() < 0.15 else ""
                log.final.append(row)
    log.sent = [version for row in log.final for version in _versions(chance, row, log.numbers)]
    return log


def _versions(chance: random.Random, row: Row, numbers: Sequence[str]) -> list[Row]:
    """The row, now and then after earlier ones that it corrects; the same row may come twice."""
    earlier = []
    while chance.random() < 0.15:
        changes = {
            "cli": chance.choice((*numbers, "")), "code": "THEFT", "markers": "domestic_abuse", "born": "1970-01-01",
            "name": _word(chance, 2) + " " + _word(chance, 3), "address": "1 Other Row", "postcode": "ZZ8 8ZZ",
            "received": (datetime.fromisoformat(row["received"]) + timedelta(hours=chance.randrange(-9, 9))).isoformat(sep=" "),
        }  # fmt: skip
        wrong = chance.sample(sorted(changes), chance.randrange(1, 4))
        earlier.append(row | {name: changes[name] for name in wrong})
    whole = [*earlier, row]
    for at, version in enumerate(whole, 1):
        version["version"] = str(at)
    return whole + ([dict(row)] if chance.random() < 0.05 else [])


# ── a trained model, and homes in which it is in force ─────────────────────────────────────────


def trained(root: Path) -> linkage.Model:
    """A model as `misuse identity train` makes it of a log of its own."""
    settings = home(root / "home")
    take(settings, write_csv(root / "records.csv", records(6, 420), COLUMNS))
    model_review.train(settings, actor="tester", clock=lambda: NOW, tracker=Silent())
    with warehouse.in_memory(settings, warehouse.scratch_path(settings)) as con, vault.attached(con, settings):
        model = linkage.load(con)
    assert model is not None
    return model


def put_in_force(settings: Settings, model: linkage.Model) -> None:
    """The model as a home of no calls yet has it once it was accepted."""
    with warehouse.opened(settings, with_vault=True):
        pass
    with (
        warehouse.writer(settings),
        warehouse.in_memory(settings, warehouse.scratch_path(settings)) as con,
        vault.attached(con, settings),
    ):
        linkage.keep(con, model, made_at=NOW, made_by="tester", status=linkage.IN_FORCE)
    with warehouse.opened(settings) as con:
        con.execute("insert or replace into marks values ('identity_model', ?)", [model.digest])


# ── what a road does ───────────────────────────────────────────────────────────────────────────


def take(settings: Settings, *paths: Path) -> list[str]:
    """Files in; their batches."""
    batches = []
    for outcome in intake.ingest_files(settings, list(paths), "calls", actor="tester", now=NOW):
        if isinstance(outcome, MisuseError):
            raise outcome
        batches.append(outcome.batch_id)
    return batches


def run(settings: Settings, as_of: date = AS_OF) -> str:
    """A run up to its publication, with neither checks nor reports; its id."""
    run_id = pipeline.begin(settings, as_of, NOW, force=True)
    for name in pipeline.STEPS:
        if name not in ("check", "report"):
            pipeline.step(settings, run_id, name, NOW)
    pipeline.finish(settings, run_id, NOW)
    return run_id


@dataclass(frozen=True)
class Decision:
    """An event of the casebook that bears on callers and stops; `undoes` is the place of one that it takes back."""

    kind: str
    payload: Mapping[str, Any]
    caller_id: str | None = None
    undoes: int | None = None
    event_id: int = 0


def spell(token: str, holder: int = 1) -> str:
    """The id of a number's spell by its holder in turn."""
    plain = token.replace("-", "")
    return "s" + (plain if holder == 1 else hashlib.sha256(f"{plain}#{holder}".encode()).hexdigest())[:16]


def tokens(settings: Settings) -> list[str]:
    """The tokens of all numbers of a home, in order of the numbers."""
    with warehouse.opened(settings, with_vault=True) as con:
        found = con.execute("select number_token::varchar from vault.numbers order by e164").fetchall()
    return [token for (token,) in found]


def decisions(chance: random.Random, spells: Sequence[str], linked: Sequence[tuple[str, str]]) -> list[Decision]:
    """What people decide: of pairs by chance and of pairs that the model links; stops, lifts, and taking back.

    A rule's lift takes the hits that stand when it is made; see `record`.
    """
    found: list[Decision] = []
    for turn in range(chance.randrange(2, 8)):
        one = chance.choice(spells)
        a, b = chance.choice(linked) if turn % 2 else (one, chance.choice([other for other in spells if other != one]))
        payload = {
            "decision": chance.choice(("same", "not_same")),
            "spells_a": [a],
            "spells_b": [b],
            "reason": "compared",
        }
        found.append(Decision("link_decided", payload))
    if chance.random() < 0.5:
        found.append(Decision("link_undone", {"reason": "compared again"}, undoes=chance.randrange(len(found))))
    for one in chance.sample(list(spells), 3):
        given = {"reason": "told by the ward", "spells": [one]}
        caller = "c" + one[1:]
        found.append(Decision("stop_entered", given | {"is_urgent": chance.random() < 0.5}, caller))
        if chance.random() < 0.5:
            found.append(Decision("stop_lifted", given, caller))
        found.append(Decision("stop_lifted", given | {"rule_id": chance.choice(("child", "domestic_abuse"))}, caller))
    return found


def steady(log: Log, silence_days: int) -> set[str]:
    """Numbers that never pass on, whichever rows of theirs are in: nobody tells of two subscribers, nor are they silent long."""
    steady = set()
    for number in log.numbers:
        rows = [row for row in log.sent if row["cli"] == number]
        moments = sorted(datetime.fromisoformat(row["received"]) for row in rows)
        subscribers = {(row["name"], row["postcode"]) for row in rows if row["name"] or row["postcode"]}
        if rows and len(subscribers) < 2 and moments[-1] - moments[0] < timedelta(days=silence_days):
            steady.add(number)
    return steady


def in_order(wanted: Sequence[Decision], may_be_early: set[str]) -> tuple[list[Decision], int]:
    """Decisions on these spells alone first, then the others, what is undone before its undoing; how many come first."""

    def is_early(decision: Decision) -> bool:
        if decision.undoes is not None:
            return is_early(wanted[decision.undoes])
        data = decision.payload
        return may_be_early.issuperset([*data.get("spells", ()), *data.get("spells_a", ()), *data.get("spells_b", ())])

    order = sorted(range(len(wanted)), key=lambda at: (not is_early(wanted[at]), at))
    moved = [wanted[at] for at in order]
    found = [
        decision if decision.undoes is None else replace(decision, undoes=order.index(decision.undoes))
        for decision in moved
    ]
    return found, sum(map(is_early, wanted))


def record(settings: Settings, wanted: Sequence[Decision | None], made: list[Decision | None], upto: int) -> None:
    """Put decisions into the casebook until so many are tried; `made` are they as recorded, None where none could be."""
    with casebook.opened(settings) as book:
        if not book.users():
            book.set_user("head", "administrator", actor="head", occurred_at=NOW)
            book.set_user("tester", "chair", actor="head", occurred_at=NOW)
        for decision in wanted[len(made) : upto]:
            if decision is None:
                made.append(None)
                continue
            payload = dict(decision.payload)
            if decision.undoes is not None:
                undone = made[decision.undoes]
                payload["event_id"] = undone.event_id if undone else 0
            at = NOW + timedelta(seconds=len(made))
            try:
                event = book.record(
                    decision.kind, actor="tester", occurred_at=at, caller_id=decision.caller_id, payload=payload
                )
            except InputError:  # nothing stood there to lift
                made.append(None)
                continue
            made.append(replace(decision, payload=event.data, event_id=event.event_id))


def travel(
    settings: Settings, log: Log, wanted: Sequence[Decision], early: int, chance: random.Random, root: Path
) -> tuple[list[str], list[Decision | None]]:
    """Deliver the log by a road drawn by chance, the first `early` decisions on the way, the others once all is in.

    The ids of callers published between, and the decisions as recorded.
    """
    rows = [dict(row) for row in log.sent]
    chance.shuffle(rows)
    cuts = sorted(chance.sample(range(1, len(rows)), chance.randrange(1, 5)))
    made: list[Decision | None] = []
    kept = steady(log, settings.number_gap_days)
    published: list[str] = []
    stray: list[str] = []
    for turn, (first, last) in enumerate(zip([0, *cuts], [*cuts, len(rows)], strict=True)):
        take(settings, write_csv(root / f"piece{turn}.csv", rows[first:last], COLUMNS))
        if chance.random() < 0.4:
            stray += take(settings, write_csv(root / f"stray{turn}.csv", _strays(chance, log, turn, kept), COLUMNS))
        record(settings, wanted, made, chance.randrange(len(made), max(early, len(made)) + 1))
        if chance.random() < 0.6:
            run(settings, AS_OF - timedelta(days=chance.choice((0, 0, 3, 60, 200))))
            published += caller_ids(settings)
        while stray and chance.random() < 0.6:
            withdraw(settings, stray.pop())
    for batch_id in stray:
        withdraw(settings, batch_id)
    run(settings)
    record(settings, wanted, made, len(wanted))
    return published, made


def _strays(chance: random.Random, log: Log, turn: int, kept: set[str]) -> list[Row]:
    """Calls of the same numbers that were never theirs: to be taken back. They tell nothing of a steady one's holder."""
    other = people(chance, 1)[0]
    at = [START + timedelta(days=chance.randrange(DAYS)) for _ in range(12)]
    rows = [_call(chance, f"S{turn}-{n}", chance.choice(log.numbers), moment, other) for n, moment in enumerate(at)]
    nothing = dict.fromkeys(DETAILS, "")
    rows = [row | nothing if row["cli"] in kept else row for row in rows]
    return [row | {"markers": chance.choice(("", "", "domestic_abuse", "kiosk"))} for row in rows]


def withdraw(settings: Settings, batch_id: str) -> None:
    """A batch out again."""
    with warehouse.opened(settings, with_vault=True) as con:
        ingest.withdraw(con, batch_id, reason="sent in error", actor="tester", now=NOW)


def republish(source: Settings, target: Settings) -> None:
    """The stops that runs of one home published, into the casebook of another with the same stops by people."""
    with casebook.opened(source) as book:
        told = book.entries("stops_published")
        known = [str(event.event_id) for event in book.entries("stop_entered")]
    with casebook.opened(target) as book:
        own = [str(event.event_id) for event in book.entries("stop_entered")]
        same = dict(zip(known, own, strict=True))
        for event in told:
            stops = [
                stop | {"hit": same[stop["hit"]]} if stop["rule_id"] == "person" and stop["hit"] in same else stop
                for stop in event.data["stops"]
            ]
            payload = {"stops": stops}
            book.record(event.kind, actor="pipeline", occurred_at=event.at, run_id=event.run_id, payload=payload)


def barred(settings: Settings) -> set[str]:
    """The calls that a stop bars in the published copy."""
    with publication.opened(settings) as con:
        return {str(key) for (key,) in con.execute("select call_key from calls where is_stopped").fetchall()}


def caller_ids(settings: Settings) -> list[str]:
    """Every caller of the published copy."""
    with publication.opened(settings) as con:
        return [caller for (caller,) in con.execute("select caller_id from callers order by 1").fetchall()]


def told(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """All that the published copy says, run ids apart, in an order of its own."""
    found = {}
    with publication.opened(settings) as con:
        for relation in PUBLISHED:
            if relation.name not in UNDIGESTED:
                names = ", ".join(name for name in relation.column_names if name != "run_id")
                found[relation.name] = con.table(relation.name).project(names).order(names).fetchall()
    return found


def differences(one: Mapping[str, list[Any]], other: Mapping[str, list[Any]]) -> Iterator[str]:
    """Where two copies differ, a line a relation."""
    for name, rows in one.items():
        if rows != other[name]:
            left = [row for row in rows if row not in other[name]][:2]
            right = [row for row in other[name] if row not in rows][:2]
            yield f"{name}: {len(rows)} and {len(other[name])} rows, {left} and {right}"
