"""The review room over real runs: stops and merges that runs find, the vault behind a reason, disposal that stays done."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import re
import shutil
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pypdf
import pytest

from misuse import casebook, disposal, identities, intake, pipeline, publication, retention, warehouse
from misuse.cli import run_command
from misuse.errors import InputError, MisuseError, Refused, UsageError
from misuse.room import Desk, audit, boroughs, calls, care, cases, meetings, packs, rights, vaulted
from misuse.room.papers import access as papers_access
from misuse.room.papers import slips
from misuse.settings import Rights, Settings
from tests.logs import NOW, SOURCE, random_rows, settings_for, write_csv
from tests.pipeline.test_nothing_leaks import decoded
from tests.room_fixture import ACT, AGREED

USERS = {
    "ada": "administrator",
    "ann": "analyst",
    "rev": "reviewer",
    "cha": "chair",
    "aut": "authoriser",
    "aud": "auditor",
}
SOON = (NOW + timedelta(days=10)).date().isoformat()
LATER = NOW + timedelta(days=1)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small log run once, everybody named, the list frozen."""
    root = tmp_path_factory.mktemp("room")
    settings = settings_for(root / "home", capacity=12)
    take(settings, root / "log.csv", random_rows(71, 400))
    run(settings)
    with casebook.opened(settings) as book:
        for name, role in USERS.items():
            book.set_user(name, role, actor="ada", occurred_at=NOW)
    meetings.freeze(Desk(settings, "cha", NOW))
    return settings.home


@pytest.fixture
def settings(template: Path, tmp_path: Path) -> Settings:
    return settings_for(Path(shutil.copytree(template, tmp_path / "home", symlinks=True)), capacity=12)


def take(settings: Settings, path: Path, rows: list[dict[str, str]], now: Any = NOW) -> None:
    for outcome in intake.ingest_files(settings, [write_csv(path, rows)], "calls", actor="tester", now=now):
        if isinstance(outcome, MisuseError):
            raise outcome


def run(settings: Settings, now: Any = NOW, **changes: Any) -> pipeline.RunOutcome:
    return pipeline.run(settings, as_of=None, clock=lambda: now, actor="tester", **changes)


def desk(settings: Settings, name: str, now: Any = NOW) -> Desk:
    return Desk(settings, name, now)


def under_action(settings: Settings) -> str:
    ref = str(next(row["case_ref"] for row in cases.cases(desk(settings, "rev")) if row["status"] == "listed"))
    calls.open_calls(desk(settings, "ann"), ref)
    cases.meet(desk(settings, "ann"), ref, AGREED, "the caller agrees freely", "said so on the telephone")
    cases.move(desk(settings, "rev"), ref, "act", ACT)
    return ref


def close(settings: Settings, ref: str) -> None:
    calls.open_calls(desk(settings, "cha"), ref)
    cases.move(desk(settings, "cha"), ref, "close", {"reason": "r", "outcome": "calls_ended", "activity": "visit"})


def status(settings: Settings, ref: str) -> str:
    return str(next(row["status"] for row in cases.cases(desk(settings, "rev")) if row["case_ref"] == ref))


def test_a_run_is_bound_to_events_and_notes_the_head(settings: Settings) -> None:
    with casebook.opened(settings) as book:
        (published,) = book.entries("run_published")
        assert published.data["rules_digest"]
        frozen = book.entries("list_frozen")[0]
        assert (frozen.in_force_run, frozen.rules_version) == (published.run_id, published.data["rules_digest"])
        assert [anchor.run_id for anchor in book.anchors() if anchor.why == "run"] == [published.run_id]
    assert audit.verify(desk(settings, "aud"))["is_whole"]


def test_a_marker_that_comes_in_later_halts_the_open_case(settings: Settings, tmp_path: Path) -> None:
    ref = under_action(settings)
    with publication.opened(settings) as con, casebook.opened(settings) as book:
        caller = cases.caller_of(con, book.cases()[ref])
    number = care.identify(desk(settings, "rev"), caller, "to test")["numbers"][0]
    row = random_rows(72, 1)[0] | {
        "ref": "late",
        "cli": number,
        "markers": "domestic_abuse",
        "received": "2025-12-05 03:00:00",
    }
    row |= {"answered": "2025-12-05 03:00:05", "ended": "2025-12-05 03:01:00"}
    take(settings, tmp_path / "late.csv", [row])
    run(settings, LATER)
    assert status(settings, ref) == "halted"
    with casebook.opened(settings) as book:
        halted = book.entries("case_moved", case_ref=ref)[-1]
    assert (halted.actor, halted.data["move"]) == ("pipeline", "halt")
    assert run(settings, LATER).status == "skipped", "what a run itself recorded is none of its inputs"


def test_a_merge_is_reported_into_the_case_and_blocks_enforcement_until_reconciled(settings: Settings) -> None:
    ref = under_action(settings)
    with publication.opened(settings) as con, casebook.opened(settings) as book:
        mine = list(book.cases()[ref]["spells"])
        others = con.execute("select spell_id from caller_spells where identity_kind = 'person'").fetchall()
        other = next(str(one) for (one,) in others if one not in mine)
        payload = {"decision": "same", "spells_a": mine, "spells_b": [other], "reason": "one voice"}
        book.record("link_decided", actor="rev", occurred_at=NOW, payload=payload)
    run(settings, LATER)
    held = cases.case(desk(settings, "rev"), ref)
    if held["status"] != "halted":
        assert held["must_reconcile"]
        assert "reported" in str([row["kind"] for row in held["history"]])
        offered = {row["move"]: row for row in held["moves"]}
        assert "merged or split" in offered["propose"]["why_not"]
        calls.open_calls(desk(settings, "rev"), ref)
        cases.move(desk(settings, "rev"), ref, "reconcile", {"reason": "looked at together"})
        assert not cases.case(desk(settings, "rev"), ref)["must_reconcile"]
    assert next(row["move"] for row in held["history"] if row["kind"] == "case_moved") == "act", "no decision is lost"


def test_the_room_opens_the_vault_alone_and_only_for_a_recorded_reason(settings: Settings) -> None:
    caller = cases.case(desk(settings, "rev"), under_action(settings))["caller_id"]
    away = settings.home.parent / "warehouse.duckdb"
    (settings.home / "warehouse.duckdb").rename(away)
    seen = care.identify(desk(settings, "rev"), caller, "to ring back")
    assert seen["numbers"][0].startswith("+447700900")
    with pytest.raises(UsageError, match="needs a reason"):
        care.identify(desk(settings, "rev"), caller, " ")
    for name in ("ann", "aud"):
        with pytest.raises(Refused):
            care.identify(desk(settings, name), caller, "curious")
    away.rename(settings.home / "warehouse.duckdb")
    from misuse import identities

    other = identities.identify(settings, caller, reason="to compare", actor="rev", now=NOW)
    for name in ("numbers", "subscriber_names", "subscriber_addresses", "person_names", "birth_dates"):
        assert seen[name] == other[name], name
    looks = audit.events(desk(settings, "aud"), kind="identity_read")
    assert [look["data"]["reason"] for look in looks] == ["to compare", "to ring back"]


def test_a_pack_that_breaks_off_is_named_and_goes_with_the_case(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = under_action(settings)
    real = packs._write

    def killed(folder: Path, files: dict[str, bytes]) -> None:
        real(folder, {"calls.csv": files["calls.csv"]})
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(packs, "_write", killed)
        with pytest.raises(KeyboardInterrupt):
            packs.evidence_pack(desk(settings, "rev"), ref, "file for proceedings")
    (left,) = packs.folder_of_packs(desk(settings, "rev")).iterdir()
    (row,) = packs.packs(desk(settings, "rev"), ref)
    assert (row["folder"], row["is_there"]) == (left.name, False)
    with pytest.raises(InputError, match="whole"):
        packs.pack_file(desk(settings, "rev"), row["event_id"], "pack.pdf")


def test_numbers_are_read_as_dialled_where_the_source_says(tmp_path: Path) -> None:
    """From the United States a British number begins with 011 44, which is none in Britain."""
    declared = {"calls": {**SOURCE, "numbers": {"region": "US"}}}
    settings = settings_for(tmp_path / "home", capacity=12, sources=declared)
    rows = [row | {"cli": f"011 44 {row['cli'][1:]}"} for row in random_rows(75, 200) if row["cli"].startswith("07")]
    take(settings, tmp_path / "log.csv", rows)
    run(settings)
    with casebook.opened(settings) as book:
        book.set_user("ada", "administrator", actor="ada", occurred_at=NOW)
        book.set_user("rev", "reviewer", actor="ada", occurred_at=NOW)
    (found, *_) = care.find(desk(settings, "rev"), number=rows[0]["cli"], address=None, reason="to test")
    seen = care.identify(desk(settings, "rev"), found["caller_id"], "to test")
    assert seen["numbers"] == [f"+44{rows[0]['cli'][7:].replace(' ', '')}"]
    assert {row["calls"] for row in seen["held"]} == {found["calls"]}


def test_an_evidence_pack_holds_both_schedules_hashes_and_no_score(settings: Settings) -> None:
    ref = under_action(settings)
    made = packs.evidence_pack(desk(settings, "rev"), ref, "file for proceedings")
    folder = Path(made["folder"])
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest["files"]) == {"calls.csv", "exculpatory_calls.csv", "casebook_events.csv", "pack.pdf"}
    text = "".join(decoded(path) for path in folder.iterdir())
    for word in (
        "Exculpatory schedule",
        "genuine calls",
        "Proof of who called",
        "Continuity",
        "R71-",
        ref,
        "talk first",
    ):
        assert word in text, word
    for word in ("probability", "p_at_least", "chance that", "weight", "07700", "+447700"):
        assert word not in text, word
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o600"}
    (row,) = packs.packs(desk(settings, "rev"), ref)
    assert packs.pack_file(desk(settings, "rev"), row["event_id"], "calls.csv").startswith(b"no,")
    (folder / "calls.csv").write_text("changed")
    with pytest.raises(MisuseError, match="not the one that was made"):
        packs.pack_file(desk(settings, "rev"), row["event_id"], "calls.csv")
    assert audit.verify(desk(settings, "aud"), made["head"])["is_whole"]


def test_an_identified_edition_is_a_recorded_look_and_disclosure_watermarked_and_expiring(settings: Settings) -> None:
    ref = under_action(settings)
    number = boroughs.task(desk(settings, "rev"), ref, "Camden", "visit", "2026-01-20", "none")
    for name in ("rev", "aud"):
        with pytest.raises(Refused):
            slips.identified_pdf(desk(settings, name), number, "Inspector A", "visit", SOON)
    with pytest.raises(UsageError):
        slips.identified_pdf(desk(settings, "cha"), number, "Inspector A", "visit", "2030-01-10")
    path = settings.home / "made.pdf"
    path.write_bytes(slips.identified_pdf(desk(settings, "cha"), number, "Inspector A", "visit agreed", SOON))
    text = decoded(path)
    for word in ("+447700900", "Inspector A", "not to be copied", "Who called is not proved"):
        assert word.lower() in text.lower(), word
    edition = boroughs.taskings(desk(settings, "rev"))[0]["editions"][0]
    assert (edition["recipient"], edition["is_expired"]) == ("Inspector A", False)
    assert "+447700" not in decoded_paper(settings, slips.tasking_pdf(desk(settings, "rev"), number))


def decoded_paper(settings: Settings, content: bytes) -> str:
    path = settings.home / "paper.pdf"
    path.write_bytes(content)
    return decoded(path)


def test_disposal_reaches_every_store_leaves_bounds_and_stays_done(settings: Settings, tmp_path: Path) -> None:
    settings = dataclasses.replace(settings, rights=Rights(keep_months=0, keep_unconfirmed_months=0))
    ref = under_action(settings)
    held = cases.case(desk(settings, "rev"), ref)
    number = care.identify(desk(settings, "rev"), held["caller_id"], "to test")["numbers"][0]
    calls.note(desk(settings, "ann"), ref, "planted remark")
    packs.evidence_pack(desk(settings, "rev"), ref, "proceedings")
    close(settings, ref)
    after = NOW + timedelta(days=2)
    for path in [*settings.published_path.iterdir(), *settings.reports_path.iterdir()]:
        os.utime(path, (NOW.replace(tzinfo=UTC).timestamp(),) * 2)  # made when the tests say it was
    done = rights.dispose(desk(settings, "ada", after), ref, "past its time")
    assert done["lines"] >= 1
    assert done["packs"] == 1
    with casebook.opened(settings) as book:
        assert ref not in book.cases()
        certificate = book.entries("disposed")[-1].data["leaves"]
        assert book.verify() is None
        (again,) = book.frozen_lists().values()
        assert (again.data["cycle"], again.data["redacted"], again.at) == ("C1", 1, NOW)
        assert held["caller_id"] not in again.payload
        assert book.frozen_lists().keys() == {"C1"}
    assert certificate["lines"][0]["first_call_at"]
    assert "planted" not in json.dumps(certificate)
    digits = number[-6:]
    in_vault(settings, digits, there=False)
    outcome = run(settings, after)
    with publication.opened(settings) as con:
        gone = con.execute("select count(*) from calls where caller_id = ?", [held["caller_id"]]).fetchone()
        assert gone == (0,)
    assert outcome.status == "published"
    for path in settings.home.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.name not in ("vault.duckdb", "warehouse.duckdb"):
            text = decoded(path)
            assert "planted remark" not in text, path
            assert held["caller_id"] not in text, path
    what_comes_back_goes_and_who_calls_next_stays(settings, tmp_path, after, number)


def what_comes_back_goes_and_who_calls_next_stays(settings: Settings, tmp_path: Path, after: Any, number: str) -> None:
    digits = number[-6:]
    # What a late file brings back goes with the next run.
    row = random_rows(73, 1)[0] | {"ref": "back", "cli": f"0{number[3:]}", "received": "2025-11-20 03:00:00"}
    take(
        settings,
        tmp_path / "back.csv",
        [row | {"answered": "", "ended": "2025-11-20 03:01:00", "name": "Brendle Osfarrow"}],
    )
    in_vault(settings, digits, there=True)
    run(settings, after + timedelta(days=1))
    in_vault(settings, digits, there=False)
    # So does what an overlapping extract repeats of the calls put away.
    again = [one for one in random_rows(71, 400) if one["cli"].replace(" ", "").endswith(digits)]
    assert again
    take(settings, tmp_path / "again.csv", again)
    run(settings, after + timedelta(days=2))
    in_vault(settings, digits, there=False)
    # Whoever calls by the number from then on is told apart, and what protects them protects them.
    came = after + timedelta(days=3)
    new = row | {
        "ref": "new",
        "received": f"{came:%Y-%m-%d} 03:00:00",
        "answered": "",
        "ended": "",
        "name": "Maudie Sallow",
    }
    take(settings, tmp_path / "new.csv", [new | {"markers": "domestic_abuse"}], now=came + timedelta(days=1))
    run(settings, came + timedelta(days=1))
    in_vault(settings, digits, there=True)
    with publication.opened(settings) as con:
        found = con.execute("select caller_id, is_stopped from calls where received_at >= ?", [came]).fetchall()
    ((caller, is_stopped),) = found
    assert caller
    assert is_stopped


def test_what_an_earlier_version_said_is_nobodys_and_goes_with_whom_it_named(
    settings: Settings, tmp_path: Path
) -> None:
    """A call logged under one number and put right to another: the first number, name and references are not the second's."""
    settings = dataclasses.replace(settings, rights=Rights(keep_months=0, keep_unconfirmed_months=0))
    ref = under_action(settings)
    mine = cases.case(desk(settings, "rev"), ref)["caller_id"]
    number = care.identify(desk(settings, "rev"), mine, "to test")["numbers"][0]
    first = random_rows(74, 1)[0] | {
        "ref": "moved", "cli": f"0{number[3:]}", "received": "2025-11-20 03:00:00", "answered": "", "ended": "", "name": "Zebedee Quill",
    }  # fmt: skip
    mistyped = first | {
        "ref": "mistyped",
        "cli": "020 7946 0998",
        "received": "2025-11-21 03:00:00",
        "name": "Maudie Sallow",
    }
    take(settings, tmp_path / "first.csv", [first, mistyped])
    right = {"cli": "07700900999", "name": "Maudie Sallow"}
    take(settings, tmp_path / "right.csv", [first | right, mistyped | right])
    run(settings, LATER, force=True)
    with publication.opened(settings) as con:
        (theirs,) = con.execute(
            "select caller_id from calls where received_at = timestamp '2025-11-20 03:00:00'"
        ).fetchone() or (None,)
    held = care.identify(desk(settings, "rev"), theirs, "to test")
    assert (held["numbers"], held["subscriber_names"]) == (["+447700900999"], ["Maudie Sallow"])
    assert held["has_versions"]
    in_vault(settings, "Zebedee Quill", there=True)
    close(settings, ref)
    rights.dispose(desk(settings, "ada", NOW + timedelta(days=2)), ref, "past its time")
    in_vault(settings, "Zebedee Quill", there=False)
    in_vault(settings, "Maudie Sallow", there=True)


def test_what_came_in_since_the_run_is_nobodys_yet(settings: Settings, tmp_path: Path) -> None:
    """A call of theirs was Maudie's: until a run has counted it so, she is not taken for them, nor does it name her."""
    ref = under_action(settings)
    rev = desk(settings, "rev")
    mine = cases.case(rev, ref)["caller_id"]
    before = care.identify(rev, mine, "to test")
    digits = before["numbers"][0][-9:]
    theirs = [row for row in random_rows(71, 400) if row["cli"].replace(" ", "").endswith(digits)]
    was = theirs[0] | {"version": "9", "name": "Maudie Sallow", "cli": "020 7946 0997"}
    by_command = identities.identify(settings, mine, reason="to test", actor="rev", now=NOW)
    take(settings, tmp_path / "right.csv", [was])
    after = care.identify(desk(settings, "rev"), mine, "to test")
    assert {**after, "held": None, "has_versions": None} == {**before, "held": None, "has_versions": None}
    assert [row["line"] for row in after["held"]] == [row["line"] for row in before["held"]]
    again = identities.identify(settings, mine, reason="to test", actor="rev", now=NOW)
    for name in ("numbers", "subscriber_names", "subscriber_addresses", "person_names"):
        assert set(again[name]) <= set(by_command[name]), name
    assert "Maudie Sallow" not in json.dumps([after, again], default=str)
    with publication.opened(settings) as con:
        keys = [
            str(row[0])
            for row in con.execute("select call_key from calls where caller_id = $c", {"c": mine}).fetchall()
        ]
    found = vaulted.schedule(desk(settings, "rev"), mine, keys, "to test")
    assert len(found) == len(keys)


@pytest.mark.parametrize("where", ["misuse.casebook.Casebook.dispose", "misuse.disposal.forget"])
def test_a_disposal_that_breaks_off_is_done_again_or_ended_by_the_next_run(
    settings: Settings, where: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = dataclasses.replace(settings, rights=Rights(keep_months=0, keep_unconfirmed_months=0))
    ref = under_action(settings)
    caller = cases.case(desk(settings, "rev"), ref)["caller_id"]
    number = care.identify(desk(settings, "rev"), caller, "to test")["numbers"][0]
    close(settings, ref)
    after = NOW + timedelta(days=2)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(where, killed)
        with pytest.raises(KeyboardInterrupt):
            rights.dispose(desk(settings, "ada", after), ref, "past its time")
    in_vault(settings, number[-6:], there=True)
    with casebook.opened(settings) as book:
        has_certificate = bool(book.entries("disposed"))
    assert run(settings, after + timedelta(hours=1)).status == "published"
    if not has_certificate:
        rights.dispose(desk(settings, "ada", after + timedelta(hours=2)), ref, "past its time")
    in_vault(settings, number[-6:], there=False)
    with casebook.opened(settings) as book:
        (certificate,) = book.entries("disposed")
        assert certificate.data["leaves"]["lines"], "or what a late file brings back would stay"
        assert ref not in book.cases()
        assert book.verify() is None


def in_vault(settings: Settings, digits: str, *, there: bool) -> None:
    from misuse import warehouse

    with warehouse.opened(settings, with_vault=True) as con:
        found = con.execute(
            "select count(*) from vault.call_details where cli like '%' || $1 or subscriber_name = $1", [digits]
        ).fetchone()
        held = con.execute("select count(*) from vault.numbers where e164 like '%' || ?", [digits]).fetchone()
    assert (bool(found[0]) or bool(held[0])) == there if found and held else False


def test_never_confirmed_numbers_go_early_and_no_count_changes(settings: Settings) -> None:
    ref = under_action(settings)
    kept = cases.case(desk(settings, "rev"), ref)["caller_id"]
    run(settings, NOW + timedelta(days=1), force=True)
    before = publication.digest(settings.current_path)
    soon, late = NOW + timedelta(days=30), NOW + timedelta(days=500)
    assert retention.retain(settings, soon, dry_run=True).unconfirmed_numbers == 0
    wanted = retention.retain(settings, late, dry_run=True).unconfirmed_numbers
    assert wanted > 5
    done = retention.retain(settings, late)
    assert done.unconfirmed_numbers == wanted
    assert retention.retain(settings, late, dry_run=True).unconfirmed_numbers == 0
    assert care.identify(desk(settings, "rev"), kept, "to test")["numbers"][0].startswith("+44")
    with publication.opened(settings) as con:
        listed = [row[0] for row in con.execute("select caller_id from callers order by caller_id").fetchall()]
    with casebook.opened(settings) as book, publication.opened(settings) as con:
        held = {cases.caller_of(con, case) for case in book.cases().values()}
    gone = next(caller for caller in listed if caller not in held)
    assert care.identify(desk(settings, "rev"), gone, "to test")["numbers"] == []
    run(settings, NOW + timedelta(days=2), force=True)
    assert publication.digest(settings.current_path) == before, "calls, callers and counts stay as they were"


def test_a_stop_on_the_person_keeps_its_records(settings: Settings) -> None:
    settings = dataclasses.replace(settings, rights=Rights(keep_months=0, keep_unconfirmed_months=0))
    ref = under_action(settings)
    care.stop(desk(settings, "ann"), ref, "may be a victim")
    with pytest.raises(Refused, match="a stop protects"):
        rights.dispose(desk(settings, "ada", NOW + timedelta(days=400)), ref, "past its time")


def test_a_rules_stop_on_the_person_keeps_its_records(settings: Settings, tmp_path: Path) -> None:
    """A closed case, and a marker that comes in late: nobody entered a stop."""
    settings = dataclasses.replace(settings, rights=Rights(keep_months=0, keep_unconfirmed_months=0))
    ref = under_action(settings)
    mine = cases.case(desk(settings, "rev"), ref)["caller_id"]
    number = care.identify(desk(settings, "rev"), mine, "to test")["numbers"][0]
    close(settings, ref)
    row = random_rows(72, 1)[0] | {
        "ref": "late",
        "cli": number,
        "markers": "domestic_abuse",
        "received": "2025-12-05 03:00:00",
    }
    take(settings, tmp_path / "late.csv", [row | {"answered": "", "ended": ""}])
    run(settings, LATER)
    with pytest.raises(Refused, match="a safeguard's rule stops the person"):
        rights.dispose(desk(settings, "ada", NOW + timedelta(days=400)), ref, "past its time")


def test_access_gives_everything_but_who_decided(settings: Settings) -> None:
    ref = under_action(settings)
    held = rights.subject_access(desk(settings, "ada"), ref, "request 12")
    assert held["cases"][0]["case_ref"] == ref
    assert held["identity"]["numbers"]
    assert "rev" not in {row.get("by") for row in held["cases"][0]["history"]}
    assert len(held["calls"]) > 10
    kinds = {event["kind"] for event in audit.events(desk(settings, "aud"))}
    assert {"identity_read", "access_given"} <= kinds


def test_the_paper_of_an_access_is_for_the_person(settings: Settings) -> None:
    """In words, and with what call-takers wrote; no other's name, no name of a column."""
    ref = under_action(settings)
    with warehouse.opened(settings, with_vault=True) as con:
        (caller,) = con.execute(
            "select caller_id from calls inner join vault.call_details using (call_key) "
            "where remarks is not null and caller_id is not null order by caller_id"
        ).fetchall()[0]
    for person in (ref, caller):
        held = rights.subject_access(desk(settings, "ada"), person, "request 12")
        made = papers_access.access_pdf(desk(settings, "ada"), held)
        said = " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made)).pages).split())
        assert all(number in said for number in held["identity"]["numbers"])
        assert not re.search(r"[a-z]_[a-z]|Police use only|\brev\b", said)
        counted = said[said.index("Your calls: ") :].count("as misuse")
        assert counted == sum(call["is_misuse"] for call in held["calls"])
        assert (f"Case {ref}, under action" in said) == (person == ref)
    written = {" ".join(call["remarks"].split()) for call in held["calls"] if call["remarks"]}
    assert written
    assert all(words in said for words in written)


@pytest.mark.parametrize(
    "words",
    [
        ("case", "list"), ("case", "show", "CASE"), ("case", "open", "CASE"), ("cycle", "list"), ("cycle", "show", "C1"),
        ("rights", "clocks"), ("rights", "dpia"), ("audit", "verify"), ("cycle", "agenda", "C1", "--out", "OUT"),
        ("case", "judge", "CASE", "CALL", "confirmed"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_commands_of_the_room(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    import getpass

    with casebook.opened(settings) as book:
        book.set_user(getpass.getuser(), "reviewer", actor="ada", occurred_at=NOW)
    listed = next(row for row in cases.cases(desk(settings, "rev")) if row["status"] == "listed")
    call = cases.case(desk(settings, "rev"), listed["case_ref"])["calls"][0]["call_key"]
    swap = {"CASE": listed["case_ref"], "CALL": call, "OUT": str(tmp_path / "out.pdf")}
    assert run_command([swap.get(word, word) for word in words], {"MISUSE_HOME": str(settings.home)}) == 0, (
        capsys.readouterr().err
    )
    assert capsys.readouterr().out


def test_disposal_knows_nothing_to_do_before_any_certificate(settings: Settings) -> None:
    assert disposal.certified_lines(settings) == []
    assert disposal.sweep(settings) == []
    assert vaulted.schedule(desk(settings, "rev"), "c0", [], "nothing to see") == {}
