"""The evidence pack for proceedings, support referrals, and exports of lists.

A pack rests on calls and on what people found, never on a score of a model, and holds what speaks for the person too.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from misuse import models, store, wording
from misuse.casebook import Casebook, Event
from misuse.errors import InputError, Refused, StoreError, UsageError
from misuse.room import cases, exculpatory, papers, sheets, told, vaulted
from misuse.room.casework import add_months
from misuse.room.desk import Desk, rows

PACKS = "packs"
WARNINGS = ("advice_letter", "warning_letter", "cpw", "cpn")
_RUN = "select * from runs where run_id = $run_id"
_LOGS = """
select batch_id, source, rows_read, accepted, first_received_at, last_received_at, ingested_at
from batches where not is_withdrawn and list_contains($sources, source) order by ingested_at, batch_id
"""
_CALL_COLUMNS = (
    "no", "received_local", "incident_ref", "call_id", "recording_ref", "handler_ref", "channel", "opening_code",
    "closing_code", "qualifiers", "result_code", "borough", "handling_seconds", "units_assigned", "unit_seconds", "judged",
)  # fmt: skip


# Which form of the manual of guidance a part of the pack feeds. From the field, not from the standard itself: to be checked.
CASE_FILE = (
    ("Workload, warnings, limits of proof", "MG5", "the summary of the case"),
    ("Schedule of calls", "MG12", "exhibits: recordings and incident records by their references"),
    (
        "Handlers of the calls",
        "MG9, MG11",
        "witnesses and their statements; calls.csv names handlers by reference alone",
    ),
    ("Exculpatory schedule", "MG6C, MG6E", "unused material, and what the disclosure officer has to report"),
    (
        "Continuity and versions",
        "MG11",
        "a statement of who made this pack, of which run, with the hashes of its files",
    ),
)


def folder_of_packs(desk: Desk) -> Path:
    """Where packs lie: under the data home, for its owner alone."""
    return desk.settings.home / PACKS


def evidence_pack(desk: Desk, ref: str, reason: str) -> dict[str, Any]:
    """Make the pack of a case: pack.pdf, schedules as CSV, and a manifest with the hash of each; recorded.

    Keys: folder, files, digest (of the manifest), head (anchored). Errors: Refused without the roles for packs and for a
    look at references, or where a stop halted the case; LockHeld while a run writes to the vault.
    """
    reference = cases.reference_of(desk, ref)
    desk.permit("make_pack", "evidence pack")
    held = gather(desk, reference, reason)
    files = {
        "calls.csv": _csv(desk, _CALL_COLUMNS, held["schedule"]),
        "exculpatory_calls.csv": _csv(desk, _CALL_COLUMNS, held["exculpatory"]["calls"]),
        "casebook_events.csv": _csv(desk, ("event_id", "at", "by", "role", "kind", "told", "digest"), held["events"]),
        "pack.pdf": papers.pdf(
            papers.paper(desk, f"Evidence pack, case {reference}", _blocks(_in_local_time(desk, held))), desk.now
        ),
    }
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    manifest = {
        "case_ref": reference,
        "run": held["run"],
        "head": held["head"],
        "made_at": desk.now.isoformat(),
        "marking": desk.settings.protective_marking,
        "files": hashes,
    }
    files["manifest.json"] = (json.dumps(manifest, indent=1, default=str, sort_keys=True) + "\n").encode()
    digest = hashlib.sha256(files["manifest.json"]).hexdigest()
    folder = folder_of_packs(desk) / f"{reference}-{digest[:10]}"
    desk.record(  # first: papers that no event names nobody would put away with the case
        "pack_made", {"digest": digest, "folder": folder.name, "files": hashes}, case_ref=reference, run_id=desk.run_id
    )
    _write(folder, files)
    with desk.book() as book:
        head = book.anchor(f"evidence pack of {reference}", desk.now, desk.run_id)
    return {"folder": str(folder), "files": sorted(files), "digest": digest, "head": head}


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """For the owner alone; the manifest last, so that where it lies the pack is whole."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, content in files.items():
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)


def packs(desk: Desk, ref: str | None = None) -> list[dict[str, Any]]:
    """Packs made, newest first: event_id, case_ref, at, by, digest, folder, is_there (whole, and not disposed of)."""
    desk.permit("make_pack", "packs")
    reference = cases.reference_of(desk, ref) if ref else None
    with desk.book() as book:
        found = book.entries("pack_made", case_ref=reference)
    return [
        {
            "event_id": event.event_id,
            "case_ref": event.case_ref,
            "at": event.at,
            "by": event.actor,
            "digest": event.data["digest"],
            "folder": event.data["folder"],
            "is_there": (folder_of_packs(desk) / event.data["folder"] / "manifest.json").is_file(),
        }
        for event in reversed(found)
    ]


def pack_file(desk: Desk, event_id: int, name: str) -> bytes:
    """A file of a pack, its hash compared with the recorded one; handing it out is recorded.

    Errors: InputError where there is none of that name; StoreError where it was changed since.
    """
    desk.permit("make_pack", "pack file")
    with desk.book() as book:
        made = [event for event in book.entries("pack_made") if event.event_id == event_id]
    if not made or name not in {*made[0].data["files"], "manifest.json"}:
        raise InputError("there is no such pack or file", next_step="see the list of packs")
    path = folder_of_packs(desk) / made[0].data["folder"] / name
    if not path.is_file():
        raise InputError(
            "the pack was put away, or never came to be whole", next_step="make it anew, if the case is still kept"
        )
    content: bytes = path.read_bytes()
    wanted = made[0].data["digest"] if name == "manifest.json" else made[0].data["files"][name]
    if hashlib.sha256(content).hexdigest() != wanted:
        raise StoreError("the file is not the one that was made", next_step="tell the auditor; make the pack anew")
    desk.record(
        "exported",
        {"name": f"pack {event_id}: {name}", "form": name.rpartition(".")[2], "rows": 1},
        case_ref=made[0].case_ref,
    )
    return content


# ── what a pack holds ──────────────────────────────────────────────────────────────────────────


def gather(desk: Desk, reference: str, reason: str) -> dict[str, Any]:
    """Everything a pack says, as data: schedule, workload, identity, warnings, exculpatory, events, run, clock."""
    with desk.book() as book, desk.published() as con:
        case, file = book.cases()[reference], book.casefile(reference)
        if case["status"] == "halted":
            raise Refused(
                "a stop halted the case: nothing is put together against anybody on it", next_step="look first"
            )
        caller = cases.caller_of(con, case)
        calls = store.rows(models.select(con, "room/schedule_of_calls", {"caller_id": caller}))
        events = book.entries(case_ref=reference)
        run = next(iter(rows(con, _RUN, {"run_id": desk.run_id})), {})
        known = exculpatory.known(con, caller, exculpatory.listed_when_decided(book, events))
        entered = _stops_ever(book, case)
        logs = rows(con, _LOGS, {"sources": sorted({call["source"] for call in calls})})
        head = book.head()
    references = vaulted.schedule(desk, caller, [call["call_key"] for call in calls], reason)
    for number, call in enumerate(calls, 1):
        judged = file.judged.get(call["call_key"])
        call |= references.get(call["call_key"], {})
        call |= {"no": number, "judged": judged.verdict if judged else None}
    rests_on = [call for call in calls if call["is_misuse"] and call["judged"] != "refuted"]
    return {
        "case_ref": reference,
        "caller_id": caller,
        "schedule": rests_on,
        "workload": _workload(rests_on),
        "identity": known,
        "logs": logs,
        "warnings": _warnings(events),
        "exculpatory": exculpatory.schedule(calls, known, entered),
        "events": [_event(event) for event in events if event.kind not in ("case_read", "health_note_added")],
        "run": {name: run.get(name) for name in _VERSIONS},
        "clock": limitation_clock(rests_on, [desk.day_of(event.at) for event in events if _approves(event)]),
        "head": head,
    }


_VERSIONS = ("run_id", "as_of", "code_version", "rules_digest", "settings_digest", "input_digest", "identity_model")


def _stops_ever(book: Casebook, case: Mapping[str, Any]) -> list[Event]:
    mine, holders = set(case["spells"]), book.holders()
    return [
        event
        for event in book.entries("stop_entered", "stop_lifted")
        if mine.intersection(holders.all_of(event, event.data.get("spells") or ()))
    ]


def _workload(calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sums of the calls that the pack rests on; None where the log does not measure."""

    def total(name: str) -> float | None:
        held = [float(call[name]) for call in calls if call[name] is not None]
        return sum(held) if held else None

    handling, units = total("handling_seconds"), total("unit_seconds")
    return {
        "calls": len(calls),
        "handling_hours": round(handling / 3600, 1) if handling is not None else None,
        "unit_hours": round(units / 3600, 1) if units is not None else None,
        "units_sent": None if total("units_assigned") is None else round(total("units_assigned") or 0),
    }


def _warnings(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Letters and warnings decided on, and what was recorded of their service: one that was asked for is none."""
    found = []
    for event in events:
        data = event.data
        if event.kind == "case_moved" and data["move"] in ("act", "approve") and data.get("option") in WARNINGS:
            found.append({"at": event.at, "what": cases.title_of(data["option"]), "told": data["reason"]})
        if event.kind == "precondition_met" and ("served" in data["need"] or "service" in data["need"]):
            found.append({"at": event.at, "what": data["need"], "told": data["how"]})
    return found


def _event(event: Event) -> dict[str, Any]:
    line = told.event_line(event)
    return {name: line[name] for name in ("event_id", "at", "by", "role", "kind", "told")} | {"digest": event.digest}


def _approves(event: Event) -> bool:
    return event.kind == "case_moved" and event.data["move"] == "approve"


def limitation_clock(calls: Sequence[Mapping[str, Any]], approved: Sequence[date]) -> dict[str, Any]:
    """Summary proceedings under the Communications Act 2003: six months from sufficient evidence, three years from the act.

    `approved`: the local days on which enforcement was approved, in order.

    Keys: evidence_on (when enforcement was approved; None before), begin_by, first_call_on, outer_limit. The law is to be
    checked by a lawyer: this is a summary.
    """
    first = min((call["received_local"].date() for call in calls), default=None)
    return {
        "evidence_on": approved[0] if approved else None,
        "begin_by": add_months(approved[0], 6) if approved else None,
        "first_call_on": first,
        "outer_limit": add_months(first, 36) if first else None,
    }


def _in_local_time(desk: Desk, held: Mapping[str, Any]) -> dict[str, Any]:
    """The parts that tell of moments, each as the reporting zone's clock had it."""
    parts = {name: [{key: _there(desk, key, row) for key in row} for row in held[name]] for name in _TELLING}
    return {**held, **parts}


_TELLING = ("warnings", "logs", "events")


def _blocks(held: Mapping[str, Any]) -> list[papers.Block]:
    work, clock, known, speaks = held["workload"], held["clock"], held["identity"], held["exculpatory"]
    return [
        papers.para(
            "Calls, and what people found on opening them. No score or estimate of any program is evidence, and none is here. "
            "A count alone proves no purpose.", "box",
        ),
        papers.facts([("Case", held["case_ref"]), ("Pseudonym", held["caller_id"]), *_run_told(held["run"])]),
        papers.heading("Limitation"),
        papers.facts(
            [("Evidence held sufficient on", clock["evidence_on"]), ("Begin by", clock["begin_by"]),
             ("First call", clock["first_call_on"]), ("Not after, for the first call", clock["outer_limit"])]
        ),
        papers.para("Six months from sufficient evidence and three years from the act, each call its own, Communications Act 2003: check with a lawyer.", "small"),
        papers.heading("Workload"),
        papers.facts([("Calls that the pack rests on", work["calls"]), ("Handling hours", work["handling_hours"]), ("Unit hours", work["unit_hours"]), ("Units sent", work["units_sent"])]),
        papers.heading("Proof of who called, and its limits"),
        papers.listed(known["told"]),
        papers.heading("Warnings and letters decided here"),
        papers.para("What was said on the telephone is no part of this table: the codes of the schedule may tell of it.", "small"),
        papers.table(("Date", "What", "Recorded"), [(row["at"], row["what"], row["told"]) for row in held["warnings"]], ("auto", "auto", "1fr")),
        papers.heading("Exculpatory schedule: what speaks for the person"),
        papers.listed(speaks["told"]),
        papers.page(),
        papers.heading("Schedule of calls"),
        papers.table(
            ("No.", "Received, local time", "Incident", "Recording", "Codes", "Handling seconds", "Units", "Found"),
            [(call["no"], f"{call['received_local']:%Y-%m-%d %H:%M}", call.get("incident_ref"), call.get("recording_ref"),
              _codes(call), call["handling_seconds"], call["units_assigned"], call["judged"]) for call in held["schedule"]],
            ("auto", "auto", "auto", "auto", "1fr", "auto", "auto", "auto"),
        ),
        papers.heading("Exculpatory schedule: calls"),
        papers.table(
            ("No.", "Received, local time", "Incident", "Recording", "Codes", "Why"),
            [(call["no"], f"{call['received_local']:%Y-%m-%d %H:%M}", call.get("incident_ref"), call.get("recording_ref"),
              _codes(call), call["why"]) for call in speaks["calls"]],
            ("auto", "auto", "auto", "auto", "1fr", "auto"),
        ),
        papers.heading("Continuity"),
        papers.para(
            f"From the run named above, made of logs taken in as their files were received. The casebook's head was {held['head']}. "
            "The manifest beside this file holds the hash of each file; the casebook holds the hash of the manifest."
        ),
        papers.table(
            ("Log, by its contents", "Source", "Rows", "Taken in", "First call", "Last call"),
            [
                (row["batch_id"], row["source"], row["accepted"], row["ingested_at"], row["first_received_at"], row["last_received_at"])
                for row in held["logs"]
            ],
            ("1fr", "auto", "auto", "auto", "auto", "auto"),
        ),
        papers.table(
            ("Event", "When", "Who", "What", "Said"),
            [(row["event_id"], row["at"], f"{row['by']} ({row['role']})", row["kind"].replace("_", " "), row["told"]) for row in held["events"]],
            ("auto", "auto", "auto", "auto", "1fr"),
        ),
        papers.heading("Where each part goes in a case file"),
        papers.table(("Part", "Form", ""), CASE_FILE, ("auto", "auto", "1fr")),
        papers.para("The forms of the national file standard, as the field knows them: whoever builds the file checks them.", "small"),
    ]  # fmt: skip


def _run_told(run: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name.replace("_", " ").capitalize(), value) for name, value in run.items()]


def _codes(call: Mapping[str, Any]) -> str:
    return " / ".join(
        str(call[name]) for name in ("opening_code", "closing_code", "qualifiers", "result_code") if call[name]
    )


def _csv(desk: Desk, columns: Sequence[str], found: Sequence[Mapping[str, Any]]) -> bytes:
    from misuse.reports import text

    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(columns)
    writer.writerows([text.shown(_there(desk, name, row), "VARCHAR") for name in columns] for row in found)
    return buffer.getvalue().encode()


def _there(desk: Desk, name: str, row: Mapping[str, Any]) -> Any:
    """A value of a row; a stored time as the reporting zone's clock had it, with its offset: the sheet says nothing of zones."""
    value = row.get(name)
    if not isinstance(value, datetime) or name.endswith("_local"):
        return value
    return wording.local(value, desk.settings.reporting_zone)


# ── support referrals ──────────────────────────────────────────────────────────────────────────


def referral(desk: Desk, ref: str, concern: str, lawful_basis: str) -> str:
    """Refer somebody to the health liaison with the least that is needed; the referral's number."""
    reference = cases.reference_of(desk, ref)
    payload = {"concern": concern, "lawful_basis": lawful_basis}
    return str(desk.record("referred", payload, case_ref=reference, run_id=desk.run_id).data["referral_id"])


def referrals(desk: Desk) -> list[dict[str, Any]]:
    """Referrals, newest first: referral_id, case_ref, concern, lawful_basis, at, by, answer, answered_at."""
    desk.permit("read_referral", "referrals")
    with desk.book() as book:
        answers = {event.data["referral_id"]: event for event in book.entries("referral_answered")}
        found = book.entries("referred")
    return [_referral(event, answers.get(event.data["referral_id"])) for event in reversed(found)]


def _referral(event: Event, answer: Event | None) -> dict[str, Any]:
    return {
        **{name: event.data[name] for name in ("referral_id", "concern", "lawful_basis")},
        "case_ref": event.case_ref,
        "at": event.at,
        "by": event.actor,
        "answer": answer.data["answer"] if answer else None,
        "answered_at": answer.at if answer else None,
    }


def referral_of(desk: Desk, referral_id: str) -> dict[str, Any]:
    """One referral with its pattern: counts and hours, no code, no score. Errors: InputError for no such referral."""
    held = [row for row in referrals(desk) if row["referral_id"] == referral_id]
    if not held:
        raise InputError("there is no such referral", next_step="see the list of them")
    with desk.book() as book, desk.published() as con:
        caller = cases.caller_of(con, book.cases()[held[0]["case_ref"]])
        counted = next(iter(rows(con, _PATTERN, {"caller_id": caller})), {})
    return {**held[0], "pattern": {name.replace("_", " "): value for name, value in counted.items()}}


_PATTERN = """
select
    count(*) filter (where received_at >= window_to - interval 90 day) as calls_in_90_days,
    count(*) filter (where received_at >= window_to - interval 30 day) as calls_in_30_days,
    round(100.0 * count(*) filter (where local_hour < 6) / greatest(count(*), 1)) as percent_between_midnight_and_six,
    max(local_date) as last_call
from calls cross join windows
where caller_id = $caller_id and window_name = 'headline' and received_at >= window_from and received_at < window_to
"""


def answer_referral(desk: Desk, referral_id: str, answer: str) -> list[str]:
    """What the health liaison gives back, and nothing else: known, plan_exists or hold_tasking.

    hold_tasking halts the case as a stop does; the cases halted.
    """
    with desk.book() as book:
        found = [event for event in book.entries("referred") if event.data["referral_id"] == referral_id]
    if not found:
        raise InputError("there is no such referral", next_step="see the list of them")
    desk.record("referral_answered", {"referral_id": referral_id, "answer": answer}, case_ref=found[0].case_ref)
    if answer != "hold_tasking":
        return []
    with desk.book() as book:
        return book.halt(
            [str(found[0].case_ref)], reason="the health liaison asks to hold", actor=desk.actor, occurred_at=desk.now
        )


# ── exports ────────────────────────────────────────────────────────────────────────────────────


def export(desk: Desk, found: Sequence[Mapping[str, Any]], columns: Sequence[str], *, name: str, form: str) -> bytes:
    """Rows as CSV or XLSX: marked, nothing run as a formula, recorded. Errors: UsageError for another form."""
    if form not in ("csv", "xlsx"):
        raise UsageError("an export is csv or xlsx", next_step="give one of the two")
    desk.record("exported", {"name": name, "form": form, "rows": len(found)})
    stamped = [{**row, "marking": desk.settings.protective_marking, "run_id": desk.run_id} for row in found]
    whole = [*columns, *(extra for extra in ("run_id", "marking") if extra not in columns)]
    if form == "csv":
        return _csv(desk, whole, stamped)
    local = [{place: _there(desk, place, row) for place in whole} for row in stamped]
    return sheets.workbook(desk, name, whole, local)
