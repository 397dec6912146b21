"""The model that links callers: made by command, compared with the one in force, taken or put away by a person.

A run never makes one. The first is in force at once, since before it a number is a caller; every later one is a
candidate until somebody has read what it changes. Stops that the old model spread and the new one would not are
carried over, so that a stop outlives a retraining.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from misuse import (
    callers,
    casebook,
    detection,
    ingest,
    ledger,
    models,
    notes,
    pipeline,
    status,
    store,
    vault,
    warehouse,
)
from misuse.casebook.holders import renamed
from misuse.errors import InputError, UsageError
from misuse.progress import Tracker
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

    from misuse import linkage

IN_FORCE, CANDIDATE, REPLACED = "in_force", "candidate", "replaced"
SHARED_LINES = "shared_lines"  # in a model's document: what suggests shared lines
_SHOWN_DIGITS = 12  # of a digest: enough to tell models apart
# Of the last run, read by the comparison.
_NEEDED = frozenset({"caller_numbers", "window_calls", "call_stops", "windows", "calls"})


@dataclass(frozen=True)
class Trained:
    """What a training made: `status` is in_force, candidate, or same where the model in force came out again."""

    model_digest: str
    status: str
    records: int


# ── making one ─────────────────────────────────────────────────────────────────────────────────


def train(settings: Settings, *, actor: str, clock: Callable[[], datetime], tracker: Tracker) -> Trained:
    """Make a model from the records of everybody whose calls are in; it is recorded when it is made.

    Errors: Refused for whoever may not; UsageError before any call is in; InputError for too few records with details.
    """
    with casebook.opened(settings) as book:
        book.admit("train_model", actor, occurred_at=clock())
    with warehouse.writer(settings):
        with tracker.step("Gathering what is known of callers"):
            pipeline.spell_records(settings, clock())
        with tracker.step("Learning what a shared line behaves like"):
            shared = _shared_line_model(settings, clock())
        with tracker.step("Learning which records are one person's"):
            trained = _trained(settings, shared, actor, clock)
        if trained.status in (IN_FORCE, "same"):  # the same again: a break may have kept the warehouse from hearing
            with warehouse.opened(settings) as con:
                _name_in_force(con, trained.model_digest)
        if trained.status != "same":
            with casebook.opened(settings) as book:
                payload = {"model_digest": trained.model_digest, "status": trained.status, "records": trained.records}
                book.record("identity_model_trained", actor=actor, occurred_at=clock(), payload=payload)
        note(settings)
    return trained


def _shared_line_model(settings: Settings, now: datetime) -> dict[str, Any]:
    """The document of the model that suggests shared lines: pinned with the links, so that one digest names both."""
    from misuse import shared_lines

    with warehouse.opened(settings, with_vault=True) as con:
        if not _tables(con) >= _NEEDED:  # no run yet: what it would decide without a model is enough to learn from
            values = pipeline.parameters(settings, "", ledger.default_as_of(con, now, settings.reporting_zone))
            callers.link(con, values, None)
            detection.detect(con, values)
        return shared_lines.train(con, seed=settings.seed)


def _trained(settings: Settings, shared: Mapping[str, Any], actor: str, clock: Callable[[], datetime]) -> Trained:
    from misuse import linkage
    from misuse.linkage.model import pinned

    with _vault_alone(settings) as con:
        (records,) = con.execute("select count(*) from vault.identity_records").fetchone() or (0,)
        links = linkage.train(con, seed=settings.seed)
        model = pinned({**links.document, SHARED_LINES: shared}, links.terms)
        held = {row["model_digest"]: row["status"] for row in _held(con)}
        if held.get(model.digest) == IN_FORCE:
            return Trained(model.digest, "same", int(records))
        new = CANDIDATE if IN_FORCE in held.values() else IN_FORCE
        con.execute("update vault.identity_models set status = 'replaced' where status = 'candidate'")
        if model.digest in held:
            _set_status(con, model.digest, new)
        else:
            linkage.keep(con, model, made_at=clock(), made_by=actor, status=new)
    return Trained(model.digest, new, int(records))


@contextmanager
def _vault_alone(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The vault in a database of no file: the linker makes tables of names in whichever it is given."""
    with (
        warehouse.in_memory(settings, warehouse.scratch_path(settings)) as con,
        vault.attached(con, settings),
    ):
        yield con


def _held(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    return store.rows(con.execute(_MODELS))


_MODELS = """
select model_digest, made_at, made_by, status from vault.identity_models order by made_at desc, model_digest
"""


def _set_status(con: duckdb.DuckDBPyConnection, digest: str, new: str) -> None:
    con.execute(_SET_STATUS, {"digest": digest, "status": new})


_SET_STATUS = "update vault.identity_models set status = $status where model_digest = $digest"


def _name_in_force(con: duckdb.DuckDBPyConnection, digest: str) -> None:
    """The warehouse names the model too, so that a run need not open the vault to know whether it changed."""
    store.set_mark(con, "identity_model", digest)


# ── which there are ────────────────────────────────────────────────────────────────────────────


def listed(settings: Settings) -> list[dict[str, Any]]:
    """Every model that is kept, newest first: model_digest, made_at, made_by, status."""
    with warehouse.writer(settings), _vault_alone(settings) as con:
        return _held(con)


def card(settings: Settings) -> str:
    """The model card of the model in force, links and shared lines, in Markdown.

    Errors: InputError where none is trained.
    """
    from misuse import linkage, shared_lines

    with warehouse.writer(settings), _vault_alone(settings) as con:
        model = linkage.load(con)
    if model is None:
        raise _no_model()
    parts = [linkage.card(model)]
    if model.document.get(SHARED_LINES):
        parts += ["## Suggested shared lines", "", shared_lines.card(model.document[SHARED_LINES])]
    return "\n".join(parts)


def note(settings: Settings) -> None:
    """Write down for `misuse status` which model is in force and which waits: it must not open the vault."""
    told = {}
    for row in listed(settings):
        if row["status"] in (IN_FORCE, CANDIDATE):
            told[row["status"]] = {"digest": shown(row["model_digest"]), "made_at": row["made_at"].isoformat()}
    notes.write(status.identity_path(settings), told)


def shown(digest: str) -> str:
    """As much of a model's digest as is shown."""
    return digest[:_SHOWN_DIGITS]


def _no_model() -> InputError:
    return InputError("no model is trained: each number is a caller of its own", next_step="misuse identity train")


# ── what a candidate changes ───────────────────────────────────────────────────────────────────


def diff(settings: Settings, *, tracker: Tracker, digest: str | None = None) -> dict[str, Any]:
    """What the candidate, or the model whose digest begins so, would change of who is a caller.

    Keys: in_force, candidate (model_digest, made_at), threshold, callers (then, now, stay, merged, split), persistent
    (then, now, over, under), suggestions (then, now), changes (caller_then, misuse_then, caller_now, misuse_now,
    numbers, misuse_shared, change), carried (rule_id, spells). Misuse calls are the last run's, so that a stop which
    the new links spread is not in them yet. Errors: InputError where nothing waits or no run was made.
    """
    with warehouse.writer(settings), _compared(settings, digest, tracker) as sides:
        threshold = {"threshold": settings.threshold}
        totals = _rows(sides.con, "identities/model_totals", threshold)[0]
        changes = _rows(sides.con, "identities/model_changes", threshold)
        return {
            "in_force": {name: sides.in_force[name] for name in ("model_digest", "made_at")},
            "candidate": {name: sides.chosen[name] for name in ("model_digest", "made_at")},
            "threshold": settings.threshold,
            "callers": {
                "then": totals["callers_then"],
                "now": totals["callers_now"],
                **{name: totals[name] for name in ("stay", "merged", "split")},
            },
            "persistent": {
                "then": totals["persistent_then"],
                "now": totals["persistent_now"],
                "over": len({row["caller_now"] for row in changes if row["change"] == "over"}),
                "under": len({row["caller_then"] for row in changes if row["change"] == "under"}),
            },
            "suggestions": {"then": sides.suggested_then, "now": sides.suggested_now},
            "changes": changes,
            "carried": _rows(sides.con, "identities/carried_stops", {}),
        }


def accept(
    settings: Settings, *, reason: str, actor: str, now: datetime, tracker: Tracker, digest: str | None = None
) -> dict[str, Any]:
    """Put the candidate, or an earlier model, in force; its row, with the number of stops `carried`.

    An acceptance that a break cut off between the vault and the warehouse is finished, and not made anew.
    Errors: Refused for whoever may not, and for whoever trained it where another could accept it.
    """
    _need_reason(reason)
    with casebook.opened(settings) as book:
        book.admit("accept_model", actor, occurred_at=now)
    with warehouse.writer(settings):
        if cut_off := _cut_off(settings, digest):
            with warehouse.opened(settings) as con:
                _name_in_force(con, cut_off["model_digest"])
            note(settings)
            return cut_off
        with _compared(settings, digest, tracker) as sides:
            chosen, carried = sides.chosen, _rows(sides.con, "identities/carried_stops", {})
            held = callers.holdings(sides.con)
        payload = {**_model(chosen), "reason": reason, "carried": carried}
        with casebook.opened(settings) as book:
            # The stores may be of a run that failed; an event speaks of the run that is shown.
            shown = book.holders().held()
            for stop in carried:
                named = renamed(stop["spells"], held, shown)
                stop["spells"] = sorted({spell for found in named.values() for spell in found})
            book.record("identity_model_accepted", actor=actor, occurred_at=now, payload=payload)
        with _vault_alone(settings) as con:
            con.execute("update vault.identity_models set status = 'replaced' where status = 'in_force'")
            _set_status(con, chosen["model_digest"], IN_FORCE)
        with warehouse.opened(settings) as con:
            _name_in_force(con, chosen["model_digest"])
        note(settings)
    return {**chosen, "status": IN_FORCE, "carried": len(carried)}


def _cut_off(settings: Settings, digest: str | None) -> dict[str, Any] | None:
    """The model that was accepted, that the vault has in force and the warehouse does not name, if it is the one meant.

    Its row, with the number of stops `carried` when it was accepted.
    """
    with _vault_alone(settings) as con:
        held = _held(con)
    with warehouse.opened(settings) as con:
        named = callers.model_in_force(con)
    is_waiting = any(row["status"] == CANDIDATE for row in held)
    in_force = next((row for row in held if row["status"] == IN_FORCE), None)
    if in_force is None or in_force["model_digest"] == named:
        return None
    is_meant = not is_waiting if digest is None else in_force["model_digest"].startswith(digest.strip().lower() or "-")
    with casebook.opened(settings) as book:
        accepted = [event.data for event in book.entries("identity_model_accepted")]
    taken = [data for data in accepted if data["model_digest"] == in_force["model_digest"]]
    return {**in_force, "carried": len(taken[-1].get("carried") or ())} if is_meant and taken else None


def reject(settings: Settings, *, reason: str, actor: str, now: datetime, digest: str | None = None) -> dict[str, Any]:
    """Put the candidate away; the model in force stays. Errors: Refused, InputError where nothing waits."""
    _need_reason(reason)
    with warehouse.writer(settings):
        with _vault_alone(settings) as con:
            chosen = _chosen(_held(con), digest)
        with casebook.opened(settings) as book:
            payload = {**_model(chosen), "reason": reason}
            book.record("identity_model_rejected", actor=actor, occurred_at=now, payload=payload)
        with _vault_alone(settings) as con:
            _set_status(con, chosen["model_digest"], REPLACED)
        note(settings)
    return {**chosen, "status": REPLACED}


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise UsageError("a decision on a model needs a reason", next_step='add --reason "…"')


def _model(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"model_digest": row["model_digest"], "made_by": row["made_by"]}


def _chosen(held: list[dict[str, Any]], digest: str | None) -> dict[str, Any]:
    """The model meant: the candidate, or the one not in force whose digest begins so."""
    if IN_FORCE not in {row["status"] for row in held}:
        raise _no_model()
    if digest is None:
        found = [row for row in held if row["status"] == CANDIDATE]
        if not found:
            raise InputError("no candidate waits", next_step="misuse identity train makes one; misuse identity models")
        return found[0]
    found = [row for row in held if row["model_digest"].startswith(digest.strip().lower()) and digest.strip()]
    if len(found) != 1 or found[0]["status"] == IN_FORCE:
        raise InputError("that begins no one model beside the one in force", next_step="misuse identity models")
    return found[0]


# ── the comparison ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Sides:
    """The warehouse with callers by either model in temporary tables, both models' rows, and how many links wait."""

    con: duckdb.DuckDBPyConnection
    in_force: dict[str, Any]
    chosen: dict[str, Any]
    suggested_then: int
    suggested_now: int


@contextmanager
def _compared(settings: Settings, digest: str | None, tracker: Tracker) -> Iterator[_Sides]:
    """Callers by the model in force and by the one chosen, side by side.

    People's decisions are those of now, on both sides. Where the model in force was made by another release and cannot
    be read any more, its callers are those of the last run.
    """
    from misuse import linkage

    with _vault_alone(settings) as con:
        chosen = _chosen(_held(con), digest)
    with warehouse.opened(settings) as con:
        _need_run(con)
    with _vault_alone(settings) as con:
        rows = _held(con)
        in_force = next(row for row in rows if row["status"] == IN_FORCE)
        then, now = (_load(con, row["model_digest"]) for row in (in_force, chosen))
        if now is None:
            raise InputError(
                "that model was made by another release", next_step="misuse identity train makes a new one"
            )
        with tracker.step("Comparing records by both models"):
            for model in filter(None, (then, now)):
                linkage.score(con, model)
    with warehouse.opened(settings, with_vault=True) as con, casebook.opened(settings) as book:
        with tracker.step("Putting callers side by side"):
            _load_decisions(con, book)
            # The model in force last, so that the warehouse keeps what a run would make.
            suggested_now = _callers_by(con, now, "callers_now")
            suggested_then = _callers_by(con, then, "callers_then") if then else _callers_of_last_run(con)
            for name in ("spell_misuse", "spell_changes", "stop_sources"):
                models.build(con, f"identities/{name}", {}, temporary=True)
        yield _Sides(con, in_force, chosen, suggested_then, suggested_now)


def _load(con: duckdb.DuckDBPyConnection, digest: str) -> linkage.Model | None:
    """A model by its digest, whatever its status; None where another release made it."""
    from misuse import linkage

    (text,) = con.execute(_DOCUMENT, {"digest": digest}).fetchone() or ("{}",)
    document = json.loads(text)
    if document.get("version") != linkage.MODEL_VERSION:
        return None
    terms = con.execute(models.text("linkage/model_terms"), {"digest": digest}).to_arrow_table()
    return linkage.Model(document, terms, digest)


_DOCUMENT = "select document from vault.identity_models where model_digest = $digest"


def _tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    return {str(name) for (name,) in con.execute("select table_name from information_schema.tables").fetchall()}


def _need_run(con: duckdb.DuckDBPyConnection) -> None:
    if not _tables(con) >= _NEEDED:
        raise InputError("no run was made yet, so there are no callers to compare", next_step="misuse run")


def _load_decisions(con: duckdb.DuckDBPyConnection, book: casebook.Casebook) -> None:
    for table, rows in book.tables(holders=callers.holdings(con)).items():
        if table.startswith("casebook_"):
            models.script(con, f"rules/{table}", {})
            ingest.insert_rows(con, table, rows)


def _callers_by(con: duckdb.DuckDBPyConnection, model: linkage.Model, relation: str) -> int:
    """Callers by a model as a temporary table; how many links wait for a person."""
    callers.link(con, {}, model)
    models.build(con, "callers/caller_numbers", {}, temporary=True, relation=relation)
    return _suggested(con)


def _callers_of_last_run(con: duckdb.DuckDBPyConnection) -> int:
    """The last run's callers as callers_then; how many links waited for a person."""
    con.execute("create or replace temp table callers_then as select * from caller_numbers")
    row = con.execute("select count(*) from caller_links where status = 'suggested'").fetchone()
    return int(row[0]) if row else 0


def _suggested(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute(_SUGGESTED).fetchone()
    return int(row[0]) if row else 0


# Near, not joined, and nobody decided on it.
_SUGGESTED = """
select count(*)
from spell_links as links
inner join spell_groups as one on links.spell_a = one.spell_id
inner join spell_groups as other on links.spell_b = other.spell_id
left join decided_links on links.spell_a = decided_links.spell_a and links.spell_b = decided_links.spell_b
where links.is_near and (one.strict_group = other.strict_group) is not true and decided_links.spell_a is null
"""


def _rows(con: duckdb.DuckDBPyConnection, name: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return store.rows(models.select(con, name, values))
