"""Coding calls again: how many are needed, which are drawn, what each coder has still to do, verdicts in, agreement.

Two people code each sampled call blind to what the log says, to each other and to who called; a third settles where
they differ. Everything is an event of the casebook; a run reads what comes of it (misuse.coding_error).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse import casebook, coding, coding_error, identities, models, publication, store
from misuse.casebook.coding import CANNOT_TELL, EVENTS, MISUSE, NOT_MISUSE, VERDICTS, Sample, samples
from misuse.errors import InputError, UsageError
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

HALF_WIDTHS = (0.1, 0.075, 0.05, 0.03)
# Of a code's calls, where no earlier sample tells: guesses that only size the sample, and never enter a figure.
SUPPOSED = {"misuse": 0.9, "doubtful": 0.3, "other": 0.1}
SUPPOSED_SELDOM_MISSED = 0.01
# Half widths, in those of frequent callers' calls, which decide who is over the line. All others' weigh in the
# share alone; doubtful calls are few; misuse missed among all others' calls is rare in very many.
COARSER, SELDOM_MISSED_CLOSER = 3.0, 0.3
FEWEST_OF_CODE, FEWEST_OF_GROUP = 10, 30
FACTS = (
    "received_local", "answer_seconds", "talk_seconds", "wrap_seconds", "grade", "borough", "ward", "units_assigned",
    "unit_seconds", "qualifiers", "result_code",
)  # fmt: skip
IDENTIFIED = ("call_id", "incident_ref", "recording_ref", "remarks")

_SIZES = """
select is_frequent, kind, stratum, cast(sum(calls) as bigint) as calls
from coding_codes
group by is_frequent, kind, stratum
order by is_frequent, kind, stratum
"""
_RATES = "select is_frequent, kind, stratum, misuse_share from code_error_rates where misuse_share is not null"
_STRATUM_OF = """
select
    cast('0x' || left(replace(cast(calls.call_key as varchar), '-', ''), 16) as ubigint) as place,
    numbered.number
from coding_calls as calls
inner join coding_codes as codes
    on calls.is_frequent = codes.is_frequent and calls.kind = codes.kind and calls.code = codes.code
inner join (
    select is_frequent, kind, stratum, row_number() over (order by is_frequent, kind, stratum) - 1 as number
    from (select distinct is_frequent, kind, stratum from coding_codes) as strata
) as numbered
    on codes.is_frequent = numbered.is_frequent and codes.kind = numbered.kind and codes.stratum = numbered.stratum
"""
_DRAWN = """
select cast(call_key as varchar) as call_key, kind, code, is_frequent
from coding_calls
where
    cast('0x' || left(replace(cast(call_key as varchar), '-', ''), 16) as ubigint)
    in (select cast(unnest($places) as ubigint))
order by call_key
"""
_FACTS = """
select
    cast(call_key as varchar) as call_key, received_local, answer_seconds, talk_seconds, wrap_seconds, grade, borough,
    ward, units_assigned, unit_seconds, qualifiers, result_code
from calls
where call_key in (select cast(unnest($keys) as uuid))
"""
_RUN = "select run_id, as_of from windows where window_name = 'headline'"


# ── how many, and which ────────────────────────────────────────────────────────────────────────


@contextmanager
def _framed(settings: Settings) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[dict[str, Any]], list[float]]]:
    """The published copy with its calls by stratum, the strata, and the share of misuse looked for in each."""
    with publication.opened(settings) as con:
        for name in coding_error.MODELS[:2]:
            models.build(con, name, {}, temporary=True)
        strata = _rows(con, _SIZES)
        has_rates = store.holds(con, "code_error_rates")  # not in older copies
        known = {tuple(key): share for *key, share in con.execute(_RATES).fetchall()} if has_rates else {}
        yield con, strata, [known.get(_key(row), _supposed(row)) for row in strata]


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["is_frequent"], row["kind"], row["stratum"]


def _supposed(row: Mapping[str, Any]) -> float:
    return SUPPOSED_SELDOM_MISSED if _is_seldom_missed(row) else SUPPOSED[row["kind"]]


def _is_seldom_missed(row: Mapping[str, Any]) -> bool:
    return row["kind"] == "other" and not row["is_frequent"]


def _coarser(row: Mapping[str, Any]) -> float:
    if _is_seldom_missed(row):
        return SELDOM_MISSED_CLOSER
    return 1.0 if row["is_frequent"] and row["kind"] != "doubtful" else COARSER


def plan(settings: Settings, half_widths: Sequence[float] = HALF_WIDTHS) -> dict[str, Any]:
    """How many calls to code again for what width.

    Keys: strata[{is_frequent, kind, stratum, calls, supposed_share, needed{width: calls}}], totals{width: calls}.
    A width is half of the 95% interval of the misuse share among frequent callers' calls, those coded misuse and those
    coded otherwise; all others' and doubtful ones are known a third as well. Single codes lean on their kind.
    """
    _check_widths(half_widths)
    with _framed(settings) as (_, strata, shares):
        needed = {width: _needed(strata, shares, width) for width in half_widths}
    rows = [
        row | {"supposed_share": share, "needed": {f"{width:g}": needed[width][at] for width in half_widths}}
        for at, (row, share) in enumerate(zip(strata, shares, strict=True))
    ]
    return {"strata": rows, "totals": {f"{width:g}": sum(counts) for width, counts in needed.items()}}


def _check_widths(half_widths: Sequence[float]) -> None:
    if not all(0.005 <= width <= 0.5 for width in half_widths):
        raise UsageError("a half width lies between 0.005 and 0.5", next_step="misuse coding plan --half-width 0.05")


def _needed(strata: Sequence[Mapping[str, Any]], shares: Sequence[float], half_width: float) -> list[int]:
    """Calls to draw from each stratum."""
    wanted = [0] * len(strata)
    groups: dict[tuple[bool, str], list[int]] = {}
    for at, row in enumerate(strata):
        groups.setdefault((row["is_frequent"], row["kind"]), []).append(at)
    for members in groups.values():
        calls = {str(at): int(strata[at]["calls"]) for at in members}
        expected = {str(at): shares[at] for at in members}
        whole = sum(calls.values())
        mean = sum(calls[name] * expected[name] for name in calls) / whole
        width = min(half_width * _coarser(strata[members[0]]), 0.5)
        size = coding.sizes({"all": whole}, half_width=width, expected={"all": mean}, fewest=FEWEST_OF_GROUP)["all"]
        least = sum(min(size_of, FEWEST_OF_CODE) for size_of in calls.values())
        shared = coding.shared_out(calls, max(size, least), expected=expected, fewest=FEWEST_OF_CODE)
        for name, number in shared.items():
            wanted[int(name)] = number
    return wanted


def _width_for(strata: Sequence[Mapping[str, Any]], shares: Sequence[float], calls: int) -> float:
    """The least half width that takes no more than so many calls. Errors: UsageError where there is none."""
    low, high = 0.005, 0.5
    if (least := sum(_needed(strata, shares, high))) > calls:
        raise UsageError(f"{calls} calls are too few to say anything of every code", next_step=f"draw {least} or more")
    for _ in range(20):
        middle = (low + high) / 2.0
        low, high = (low, middle) if sum(_needed(strata, shares, middle)) <= calls else (middle, high)
    return high


def draw(
    settings: Settings, *, coders: Sequence[str], calls: int | None, half_width: float | None, seed: int | None,
    reason: str, actor: str, now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """Draw a sample of the published headline window for two coders, and record it.

    Keys: sample, calls, half_width, coders, seed, run_id. The same copy and seed draw the same calls.
    Errors: UsageError for coders who may not code, too few calls, no reason; Refused for whoever may not draw.
    """
    if not reason.strip():
        raise UsageError("a sample needs a reason", next_step='misuse coding draw … --reason "…"')
    if half_width is not None:
        _check_widths([half_width])
    with casebook.opened(settings) as book:
        book.admit("draw_coding_sample", actor, occurred_at=now)
        number = len(book.entries("coding_sample_drawn"))
    chosen_seed = settings.seed + number if seed is None else seed
    with _framed(settings) as (con, strata, shares):
        width = _width_for(strata, shares, calls) if calls is not None else float(half_width or 0.0)
        found = _chosen(con, _needed(strata, shares, width), chosen_seed)
        run_id, as_of = con.execute(_RUN).fetchone() or ("", None)
    payload = {
        "sample": "next", "coders": list(coders), "calls": found, "seed": chosen_seed, "reason": reason,
        "half_width": round(width, 4), "as_of": as_of,
    }  # fmt: skip
    with casebook.opened(settings) as book:
        event = book.record("coding_sample_drawn", actor=actor, occurred_at=now, payload=payload, run_id=run_id)
    return {
        "sample": event.data["sample"], "calls": len(found), "half_width": round(width, 4), "coders": list(coders),
        "seed": chosen_seed, "run_id": run_id,
    }  # fmt: skip


def _chosen(con: duckdb.DuckDBPyConnection, wanted: Sequence[int], seed: int) -> list[list[Any]]:
    """The calls drawn, in an order that tells nothing of their codes."""
    import numpy as np

    columns = con.execute(_STRATUM_OF).fetchnumpy()
    places, stratum = (np.asarray(columns[name]) for name in ("place", "number"))
    chosen = coding.drawn(places.astype(np.uint64), stratum.astype(np.int64), np.array(wanted, dtype=np.int64), seed)
    rows = con.execute(_DRAWN, {"places": places[chosen].tolist()}).fetchall()
    return [list(rows[at]) for at in np.random.default_rng([seed, 2]).permutation(len(rows)).tolist()]


# ── what is to do ──────────────────────────────────────────────────────────────────────────────


def opened_sample(settings: Settings, sample_id: str | None, actor: str) -> Sample:
    """The sample of that name; without one, the newest that waits for the actor.

    Errors: InputError where there is none.
    """
    found = [sample for sample in _samples(settings).values() if not sample.is_withdrawn]
    if sample_id is None:
        found = [sample for sample in found if waiting(sample, actor)]
    else:
        found = [sample for sample in found if sample.sample_id == sample_id.upper()]
    if not found:
        what = "no sample of that name is open" if sample_id else "no call waits for you to be coded"
        raise InputError(what, next_step="misuse coding status lists the samples")
    return found[-1]


def waiting(sample: Sample, actor: str) -> list[int]:
    """Numbers of the calls that wait for the actor: a coder's own, or what a third person is to settle."""
    if actor in sample.coders:
        return [call.number for call in sample.calls if call.number not in sample.verdicts[actor]]
    return sample.unsettled()


def to_code(
    settings: Settings, sample: Sample, *, actor: str, now: datetime, is_identified: bool, reason: str
) -> list[dict[str, Any]]:
    """The calls that wait for the actor: their number in the sample and FACTS; never their codes, nor whose they are.

    Identified, they come with what the vault holds of them (IDENTIFIED): with role and reason, and recorded first.
    A call that is in the log no more has no facts. Errors: Refused for whoever may not code.
    """
    with casebook.opened(settings) as book:
        book.admit("code_calls", actor, occurred_at=now)
    numbers = waiting(sample, actor)
    keys = {call.call_key: call.number for call in sample.calls if call.number in set(numbers)}
    told: dict[int, dict[str, Any]] = {number: {"call": number} for number in sorted(numbers)}
    with publication.opened(settings) as con:
        for row in _rows(con, _FACTS, {"keys": list(keys)}):
            told[keys[row.pop("call_key")]] |= row
    if is_identified:
        held = identities.of_sample(settings, keys, sample=sample.sample_id, reason=reason, actor=actor, now=now)
        for number, row in held.items():
            told[number] |= row
    names = ("call", *FACTS, *(IDENTIFIED if is_identified else ()))
    return [dict.fromkeys(names) | row for row in told.values()]


# ── verdicts in ────────────────────────────────────────────────────────────────────────────────


def record(
    settings: Settings, sample: Sample, verdicts: Mapping[int, str], *, note: str, actor: str, now: datetime
) -> str:
    """Record verdicts by number, a coder's or a third person's; returns which: calls_coded or calls_settled.

    Errors: UsageError for unknown calls or verdicts; Refused for a coder's once both have finished, and for settling
    what does not wait for it.
    """
    kind = "calls_coded" if actor in sample.coders else "calls_settled"
    given = {str(number): _verdict(text) for number, text in verdicts.items()}
    payload = {"sample": sample.sample_id, "verdicts": given} | ({"note": note} if note else {})
    with casebook.opened(settings) as book:
        book.record(kind, actor=actor, occurred_at=now, payload=payload)
    return kind


def _verdict(text: str) -> str:
    verdict = "_".join(text.strip().lower().replace("_", " ").replace("-", " ").split())
    if verdict not in VERDICTS:
        raise UsageError("that is no verdict", next_step=f"one of: {', '.join(VERDICTS)}")
    return verdict


def read_verdicts(path: Path) -> dict[int, str]:
    """Verdicts by call from a CSV file with the columns call and verdict; rows without a verdict wait.

    Errors: InputError naming file, row and column, never what stands there.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = {"call", "verdict"} - {name.strip() for name in reader.fieldnames or ()}
            if missing:
                raise InputError(
                    f"{path.name} has no column {' and no column '.join(sorted(missing))}",
                    next_step="misuse coding calls SAMPLE --csv makes one to fill in",
                )
            rows = [(reader.line_num, (row["call"] or "").strip(), (row["verdict"] or "").strip()) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error):
        raise InputError(f"{path.name} cannot be read as CSV in UTF-8", next_step="save it as CSV, UTF-8") from None
    found: dict[int, str] = {}
    for line, call, verdict in rows:
        if not verdict:
            continue
        if not call.isdecimal() or int(call) in found:
            raise InputError(
                f"{path.name}, line {line}: column call holds no number, or one twice", next_step="mend it"
            )
        try:
            found[int(call)] = _verdict(verdict)
        except UsageError as error:
            raise InputError(
                f"{path.name}, line {line}: column verdict holds none", next_step=error.next_step
            ) from None
    if not found:
        raise InputError(f"{path.name} holds no verdict", next_step="fill in the column verdict")
    return found


def withdraw(settings: Settings, sample_id: str, *, reason: str, actor: str, now: datetime) -> None:
    """Take a sample back: its verdicts stay in the record and count for nothing. Errors: as `Casebook.record`."""
    with casebook.opened(settings) as book:
        book.record(
            "coding_sample_withdrawn", actor=actor, occurred_at=now,
            payload={"sample": sample_id.upper(), "reason": reason},
        )  # fmt: skip


# ── how far it is ──────────────────────────────────────────────────────────────────────────────


def status(settings: Settings) -> list[dict[str, Any]]:
    """Every sample, newest last.

    Keys: sample, drawn_at, calls, half_width, coders[{name, coded}], is_complete, is_withdrawn; and once both have
    finished agreed (share), kappa, in_dispute, unsettled, cannot_tell: before, they are None, for they would tell one
    coder of the other.
    """
    return [_progress(sample) for sample in _samples(settings).values()]


def _progress(sample: Sample) -> dict[str, Any]:
    data = sample.event.data
    told: dict[str, Any] = {
        "sample": sample.sample_id, "drawn_at": sample.event.at, "calls": len(sample.calls),
        "half_width": data.get("half_width"),
        "coders": [{"name": coder, "coded": len(given)} for coder, given in sample.verdicts.items()],
        "is_complete": sample.is_complete, "is_withdrawn": sample.is_withdrawn,
    }  # fmt: skip
    if not sample.is_complete:
        return told | dict.fromkeys(("agreed", "kappa", "in_dispute", "unsettled", "cannot_tell"))
    pairs = [sample.pair(call.number) for call in sample.calls]
    plain = [pair for pair in pairs if CANNOT_TELL not in pair]
    both, neither = (sum(pair == (word, word) for pair in plain) for word in (MISUSE, NOT_MISUSE))
    found = coding.agreement([coding.Tally("", "", both, neither, 0, 0, len(plain) - both - neither)])
    return told | {
        "agreed": found.agreed if found.calls else None, "kappa": found.kappa, "in_dispute": len(sample.in_dispute()),
        "unsettled": len(sample.unsettled()), "cannot_tell": sum(CANNOT_TELL in pair for pair in pairs),
    }  # fmt: skip


def _samples(settings: Settings) -> dict[str, Sample]:
    with casebook.opened(settings) as book:
        return samples(book.entries(*EVENTS))


def _rows(
    con: duckdb.DuckDBPyConnection, statement: str, values: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    return store.rows(con.execute(statement, values or {}))
