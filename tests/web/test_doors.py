"""Signing in and out, sessions, headers, hostile texts, exports: what stands between the room and everybody else."""

from __future__ import annotations

import csv
import dataclasses
import html
import io
import json
import re
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest

from misuse.errors import UsageError
from misuse.room import calls, cases, meetings
from misuse.settings import Settings, Web
from misuse.web import serving
from misuse.web.app import make_app
from misuse.web.headers import CONTENT_POLICY
from misuse.web.pages.listing import COLUMNS
from misuse.web.sessions import Sessions
from tests.room_fixture import ACT
from tests.web.rooms import HOSTILE, NOW, PASSWORD, SCRIPT, Browser, Room

ROOT = Path(__file__).resolve().parents[2] / "src" / "misuse" / "web"
MARKING = "OFFICIAL-SENSITIVE"


# ── signing in ─────────────────────────────────────────────────────────────────────────────────


def test_a_wrong_name_and_a_wrong_password_sound_alike(room: Room) -> None:
    browser = Browser(room)
    told = {}
    for name, password in (("rex", "not this one at all"), ("nobody", PASSWORD)):
        reply = browser.sign_in(name, password)
        assert reply.status_code == 422
        told[name] = re.sub(r'value="[^"]*"', "", reply.text)
    assert told["rex"] == told["nobody"]
    assert "nobody" not in str([event.data for event in room.events("sign_in_failed")])


def test_guessing_is_throttled_by_name_and_by_place(fresh: Room) -> None:
    browser = Browser(fresh)
    for _ in range(5):
        browser.sign_in("rex", "wrong, and long enough")
    assert "oo many sign-ins" in browser.sign_in("rex", PASSWORD).text
    browser.sign_in("somebody", "wrong, and long enough")
    with fresh.desk("ada").book() as book:
        for _ in range(15):
            failed = {"origin": "127.0.0.1", "user": None}
            book.record("sign_in_failed", actor="nobody known", occurred_at=fresh.clock(), payload=failed)
    assert "oo many sign-ins" in browser.sign_in("roz", PASSWORD).text
    fresh.clock.now += timedelta(minutes=16)
    assert browser.sign_in("rex", PASSWORD).status_code == 303


def test_a_session_ends_by_itself(fresh: Room) -> None:
    browser = Browser(fresh, "rex")
    fresh.clock.now += timedelta(minutes=29)
    assert browser.get("/list").status_code == 200
    fresh.clock.now += timedelta(minutes=31)
    assert browser.get("/list").headers["location"] == "/sign-in"
    browser = Browser(fresh, "rex")
    for _ in range(22):
        fresh.clock.now += timedelta(minutes=28)
        reply = browser.get("/password")
    assert reply.status_code == 303  # ten hours are over, whatever was done


def test_signing_in_takes_a_new_name_and_forges_none(room: Room) -> None:
    browser = Browser(room)
    browser.get("/sign-in")
    before = browser.cookie
    browser.sign_in("rex")
    assert browser.cookie != before
    name, _, signature = browser.cookie.partition("=")[2].partition(".")
    for forged in (f"{name}.{'0' * 64}", f"{name}x.{signature}", name, "", "a.b.c"):
        other = Browser(room, app=browser.app)
        other.cookie = f"misuse_session={forged}"
        assert other.get("/list").headers["location"] == "/sign-in"


def test_the_cookie_is_for_this_site_and_no_script(room: Room) -> None:
    browser = Browser(room)
    told = browser.get("/sign-in").headers["set-cookie"].lower()
    assert "httponly" in told
    assert "samesite=strict" in told
    assert "secure" not in told
    behind = Room(dataclasses.replace(room.settings, web=Web(is_behind_https=True)), room.clock)
    reply = Browser(behind).get("/sign-in")
    assert "secure" in reply.headers["set-cookie"].lower()
    assert "max-age" in reply.headers["strict-transport-security"]


def test_a_new_password_or_role_ends_every_session(fresh: Room) -> None:
    browser, ada = Browser(fresh, "rex"), Browser(fresh, "ada")
    assert ada.post("/administration/rex", role="analyst").status_code == 303
    assert browser.get("/list").headers["location"] == "/sign-in"
    browser = Browser(fresh, "rex")
    reply = browser.post(
        "/password", old="not the old one at all", new="another four words", again="another four words"
    )
    assert reply.status_code == 422
    reply = browser.post("/password", old=PASSWORD, new="another four words", again="another four words")
    assert reply.status_code == 303
    assert browser.get("/list").status_code == 200
    assert Browser(fresh).sign_in("rex").status_code == 422
    assert Browser(fresh).sign_in("rex", "another four words").status_code == 303


def test_short_passwords_are_refused_in_words(room: Room) -> None:
    reply = Browser(room, "rex").post("/password", old=PASSWORD, new="short", again="short")
    assert reply.status_code == 422
    assert "at least 12 characters" in reply.text


def test_a_gateways_word_takes_its_secret_and_its_place(room: Room) -> None:
    web = Web(sign_on_header="x-user")
    gated = Room(dataclasses.replace(room.settings, web=web, gateway_secret="s" * 32), room.clock)
    right = {"x-user": "rex", "x-gateway-secret": "s" * 32}
    assert Browser(gated).get("/list", **right).status_code == 200
    for wrong in ({"x-user": "rex"}, {**right, "x-gateway-secret": "guess"}, {**right, "x-user": ""}):
        assert Browser(gated).get("/list", **wrong).status_code == 303
    assert Browser(gated, peer="10.0.0.9").get("/list", **right).status_code == 303
    browser = Browser(gated)
    assert "rex, reviewer" in browser.get("/list", **right).text
    assert "aud, auditor" in browser.get("/list", **{**right, "x-user": "aud"}).text  # another sits down
    assert browser.get("/list", **{"x-user": "rex"}).status_code == 303  # the gateway's word alone, unproved
    assert Browser(room).get("/list", **right).status_code == 303  # not set up: no header is believed
    assert Browser(gated).get("/list", **{**right, "x-user": "mallory"}).status_code in (303, 403)


def test_behind_a_gateway_each_place_counts_for_itself(fresh: Room) -> None:
    """Only its own word on where somebody is, and only with its secret."""
    gated = Room(dataclasses.replace(fresh.settings, gateway_secret="s" * 32), fresh.clock)
    browser = Browser(gated)
    body = {"name": "nobody", "password": "wrong, and long enough"}
    told = {"x-gateway-secret": "s" * 32, "x-forwarded-for": "10.9.9.9, 10.0.0.7"}
    browser.post("/sign-in", headers=told, **body)
    browser.post("/sign-in", headers={"x-forwarded-for": "10.0.0.8"}, **body)
    browser.post("/sign-in", headers={**told, "x-gateway-secret": "guess"}, **body)
    assert [event.data["origin"] for event in gated.events("sign_in_failed")] == ["10.0.0.7", "127.0.0.1", "127.0.0.1"]


def test_signatures_are_of_this_program_alone(room: Room) -> None:
    one, other = Sessions(Web()), Sessions(Web())
    session = one.begin(NOW, user="rex")
    assert one.find(one.cookie(session), NOW) is session
    assert other.find(one.cookie(session), NOW) is None


def test_it_listens_on_loopback_unless_https_stands_before_it() -> None:
    assert serving.address(Settings()) == "http://127.0.0.1:8999"
    with pytest.raises(UsageError, match="HTTPS"):
        serving.address(Settings(web=Web(host="0.0.0.0")))  # noqa: S104 - it is what must be refused
    assert serving.address(Settings(web=Web(host="0.0.0.0", is_behind_https=True))).startswith("https")  # noqa: S104


# ── what every answer carries ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/sign-in", "/nowhere", "/static/room.css", "/list", "/cases/K-0000000000"])
def test_headers_are_on_every_answer(room: Room, path: str) -> None:
    headers = Browser(room, "rex").get(path).headers
    assert headers["content-security-policy"] == CONTENT_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if path.startswith("/static") else "no-store")
    assert "unsafe" not in CONTENT_POLICY


def test_other_host_names_are_refused(room: Room) -> None:
    browser = Browser(room)
    assert browser.get("/sign-in", host="evil.invalid").status_code == 421
    assert browser.get("/sign-in", host="localhost:8999").status_code == 200


def test_templates_hold_no_script_no_style_and_no_other_host() -> None:
    found = []
    for path in [*ROOT.rglob("*.html"), *ROOT.rglob("room.css"), *ROOT.rglob("room.js")]:
        text = path.read_text(encoding="utf-8")
        for bad in (
            r"<script(?! type=\"module\" src=)",
            r"\sstyle=",
            r"\son\w+=",
            r"https?://",
            r"@import",
            r"\|\s*safe\b",
        ):
            found += [f"{path.name}: {bad}" for _ in re.findall(bad, text)]
    assert not found


def test_the_crown_and_the_font_stay_with_govuk() -> None:
    styles = (ROOT / "static" / "govuk" / "govuk-frontend.css").read_text(encoding="utf-8")
    assert "GDS" not in styles
    assert "@font-face" not in styles
    assert "url(" not in styles
    assert {path.name for path in (ROOT / "static" / "govuk").iterdir()} >= {"LICENSE.txt", "README.md"}
    assert not [path for path in ROOT.rglob("*") if path.suffix in (".woff", ".woff2", ".png", ".ico")]


def test_too_large_or_no_form_is_refused(room: Room) -> None:
    browser = Browser(room, "rex")
    path = f"/cases/{room.cases()[0]}/notes"
    assert browser.post(path, note="x" * 5000).status_code == 422
    assert browser.post(path, note="x" * 300_000).status_code == 422
    reply = browser.post(path, headers={"content-type": "multipart/form-data; boundary=x"}, note="x")
    assert reply.status_code == 422
    assert not browser.faults


def test_files_outside_static_are_not_served(room: Room) -> None:
    browser = Browser(room)
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/govuk/../../routes.py"):
        assert browser.get(path).status_code == 404


def test_a_fault_is_told_without_what_was_read(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from misuse.room import results

    def broken(_: object) -> None:
        raise RuntimeError("row: 07700 900123, " + SCRIPT)

    monkeypatch.setattr(results, "monday", broken)
    browser = Browser(room, "rex")
    reply = browser.get("/monday")
    assert reply.status_code == 500
    assert "07700" not in reply.text + str(browser.faults)
    assert len(browser.faults) == 1
    assert "RuntimeError" in browser.faults[0]


# ── hostile texts ──────────────────────────────────────────────────────────────────────────────

PAGES = ("/monday", "/list?part=all", "/looks?show=all", "/cases", "/estimates", "/quality", "/runs", "/cycles", "/cycles/C1",
         "/cycles/C1/minutes", "/actions?show=all", "/lessons", "/bids", "/taskings", "/referrals", "/links", "/audit",
         "/process")  # fmt: skip


def test_what_people_and_logs_write_is_shown_and_never_run(fresh: Room) -> None:
    """A script in every field that a form takes, and in names, remarks, codes and boroughs of the log."""
    from misuse.room import meetings

    meetings.freeze(fresh.desk("cho"))
    rex, cho, bob = Browser(fresh, "rex"), Browser(fresh, "cho"), Browser(fresh, "bob")
    reference = fresh.cases()[0]
    for browser, path, fields in (
        (rex, f"/cases/{reference}/notes", ("note",)),
        (rex, f"/cases/{reference}/refer", ("concern", "lawful_basis")),
        (rex, f"/cases/{reference}/stop", ("reason",)),
        (cho, "/cycles/C1/open", ("attendees",)),
        (cho, "/cycles/C1/debriefs", ("debrief",)),
        (rex, "/lessons", ("told",)),
        (bob, "/bids", ("resource", "reason")),
    ):
        chosen = {"/bids": {"borough": "Camden"}, "/lessons": {"about": "worked"}, "/cycles/C1/open": {"chair": "cho"}}
        typed = dict.fromkeys(fields, f'"><img src=x onerror=1>{SCRIPT}')
        sent = browser.post(path, **typed, **chosen.get(path, {}))
        assert sent.status_code == 303, (path, sent.text)
    refused = rex.post(f"/cases/{reference}/identity", reason="")
    assert refused.status_code == 422
    shown = rex.post(f"/cases/{reference}/identity", reason=SCRIPT)
    pages = [shown, *(rex.get(path) for path in (*PAGES, f"/cases/{reference}", f"/cases/{reference}/calls"))]
    for reply in pages:
        assert reply.status_code == 200
        assert SCRIPT not in reply.text
        assert "<img" not in reply.text
        assert "<svg/onload" not in reply.text
    assert "&lt;script&gt;" in shown.text
    assert "&lt;script&gt;" in rex.get(f"/cases/{reference}").text


def test_every_page_carries_its_marking_and_the_neutral_word(room: Room) -> None:
    rex = Browser(room, "rex")
    for path in (*PAGES, f"/cases/{room.cases()[0]}", "/nowhere"):
        text = rex.get(path).text
        assert text.count(MARKING) >= 2, path
        assert "offender" not in text.lower(), path
        assert path == "/nowhere" or "Run <code>" in text, path


def test_pages_show_no_number_without_a_reason(room: Room) -> None:
    rex = Browser(room, "rex")
    for path in (*PAGES, f"/cases/{room.cases()[0]}", f"/cases/{room.cases()[0]}/calls"):
        reply = rex.get(path)
        assert reply.status_code == 200, path
        text = html.unescape(reply.text)
        for secret in ("07700", "447700", "Osfarrow", "Invented Row", HOSTILE["remarks"][:8]):
            assert secret not in text, (path, secret)


@pytest.mark.parametrize("name", ["kind", "case_ref", "actor"])
def test_what_was_typed_on_the_audit_page_and_is_known_to_no_event_is_not_written_down(room: Room, name: str) -> None:
    aud = Browser(room, "aud")
    reply = aud.get(f"/audit?{name}=Brendle+Osfarrow")
    assert reply.status_code == 404
    assert "Osfarrow" not in reply.text
    assert not [event for event in room.events("casebook_read") if "Osfarrow" in event.payload]
    known = {"kind": "user_added", "case_ref": room.cases()[0], "actor": "ada"}[name]
    assert aud.get(f"/audit?{name}={known}").status_code == 200
    assert known in {event.data.get(name) for event in room.events("casebook_read")[-3:]}


def test_a_user_with_too_short_a_password_is_not_added(room: Room) -> None:
    ada = Browser(room, "ada")
    reply = ada.post("/administration", name="newcomer", role="reviewer", password=PASSWORD[:11])
    assert reply.status_code == 422
    assert "at least 12 characters" in reply.text
    assert "newcomer" not in [event.data["user"] for event in room.events("user_added")]


# ── exports ────────────────────────────────────────────────────────────────────────────────────


def test_the_filtered_list_goes_out_marked_and_neutral(room: Room) -> None:
    rex = Browser(room, "rex")
    before = len(room.events("exported"))
    rows = list(csv.DictReader(io.StringIO(rex.get("/list.csv?part=all").content.decode("utf-8-sig"))))
    assert [row["case_ref"] for row in rows]
    assert {row["marking"] for row in rows} == {MARKING}
    assert {row["run_id"] for row in rows} == {room.settings.current_path.resolve().stem}
    some = list(csv.DictReader(io.StringIO(rex.get("/list.csv?flag=burst").content.decode("utf-8-sig"))))
    assert len(some) <= len(rows)
    book = openpyxl.load_workbook(io.BytesIO(rex.get("/list.xlsx?part=all").content))
    cells = [str(cell.value) for sheet in book for line in sheet.iter_rows() for cell in line if cell.value is not None]
    assert any(MARKING in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith("=")]
    assert len(room.events("exported")) == before + 3
    assert set(COLUMNS) <= set(rows[0])


def test_the_list_shows_each_case_as_it_stands_now(fresh: Room) -> None:
    """Decided since the run: the list says so, on the page and in its exports."""
    rex = Browser(fresh, "rex")

    def rows() -> dict[str, dict[str, str]]:
        text = rex.get("/list.csv?part=all").content.decode("utf-8-sig")
        return {row["case_ref"]: row for row in csv.DictReader(io.StringIO(text))}

    meetings.freeze(fresh.desk("cho"))
    ref, desk = fresh.open_to_all(), fresh.desk("rex")
    assert rows()[ref]["status"] == "listed"
    calls.open_calls(desk, ref)
    cases.meet(desk, ref, ACT["option"], "the caller agrees freely", "said so on the telephone")
    cases.move(desk, ref, "act", ACT)
    now = rows()[ref]
    assert (now["status"], now["owner"], now["review_date"]) == ("under_action", ACT["owner"], ACT["review_date"])
    assert ACT["owner"] in rex.get("/list?part=all").text


@pytest.mark.parametrize("path", ["/cycles/C1/agenda.pdf", "/cycles/C1/minutes.pdf"])
def test_papers_are_marked(room: Room, path: str) -> None:
    import pypdf

    reply = Browser(room, "rex").get(path)
    assert reply.headers["content-type"] == "application/pdf"
    for page in pypdf.PdfReader(io.BytesIO(reply.content)).pages:
        assert MARKING in page.extract_text()


def test_the_app_is_made_of_settings_and_a_clock(room: Room) -> None:
    """Nothing else: the same settings give the same routes, and no page is asked for."""
    assert len(make_app(room.settings, room.clock).routes) == len(make_app(room.settings, room.clock).routes)


def test_what_is_overdue_goes_up_from_the_page_and_the_borough_is_told(fresh: Room) -> None:
    from misuse.room import boroughs, calls, cases, meetings

    meetings.freeze(fresh.desk("cho"))
    reference, desk = fresh.open_to_all(), fresh.desk("rex")
    calls.open_calls(desk, reference)
    cases.move(desk, reference, "review", {"reason": "look", "owner": "Camden", "review_date": "2026-02-15"})
    then = dataclasses.replace(desk, now=desk.now - timedelta(days=20))
    number = boroughs.task(then, reference, "Camden", "call on them", "2026-01-02", "none known")
    rex, bob = Browser(fresh, "rex"), Browser(fresh, "bob")
    assert "borough management" not in bob.get("/taskings").text.split("<table")[1]
    assert rex.post("/taskings").status_code == 303
    assert "gone up" in rex.get("/taskings").text
    assert "For borough management" in bob.get("/taskings").text
    assert [event.data["tasking_id"] for event in fresh.events("tasking_escalated")] == [number]
    assert bob.post("/taskings").status_code == 403
    rex.post("/taskings")
    assert len(fresh.events("tasking_escalated")) == 1


def test_old_lists_go_by_a_persons_act_and_events_go_out_marked(fresh: Room) -> None:
    from misuse.room import meetings

    meetings.freeze(fresh.desk("cho"))
    ada, aud = Browser(fresh, "ada"), Browser(fresh, "aud")
    assert ada.post("/rights/lists", reason="").status_code == 422
    assert ada.post("/rights/lists", reason="past their time").status_code == 303
    assert len(fresh.events("list_frozen")) == 1, "the newest stays"
    told = json.loads(aud.get("/audit.json").content)
    assert told["marking"] == MARKING
    assert {event["kind"] for event in told["events"]} >= {"list_frozen", "signed_in", "casebook_read"}


def test_a_borough_sees_its_own_taskings_alone(fresh: Room) -> None:
    from misuse.room import boroughs, calls, cases, meetings

    meetings.freeze(fresh.desk("cho"))
    reference, desk = fresh.open_to_all(), fresh.desk("rex")
    calls.open_calls(desk, reference)
    cases.move(desk, reference, "review", {"reason": "look", "owner": "Brent", "review_date": "2026-02-15"})
    theirs = boroughs.task(desk, reference, "Brent", "visit them", "2026-02-01", "none known")
    own = boroughs.task(desk, reference, "Camden", "call on them", "2026-02-01", "none known")
    bob = Browser(fresh, "bob")
    text = bob.get("/taskings").text
    assert "call on them" in text
    assert "visit them" not in text
    assert bob.get(f"/taskings/{own}").status_code == 200
    for path in (f"/taskings/{theirs}", f"/taskings/{theirs}.pdf", f"/taskings/{theirs}/slip.pdf"):
        assert bob.get(path).status_code == 404
    assert bob.post(f"/taskings/{theirs}", answer="accepted", told="ours now").status_code in (404, 409)
    assert not fresh.events("tasking_answered")


def test_the_room_opens_before_any_run(tmp_path: Path) -> None:
    """An administrator can sign in and add people; pages of figures say what to do."""
    from misuse.room import people

    empty = Room(Settings(home=tmp_path / "home"))
    people.add_user(empty.desk("ada"), "ada", "administrator", password=PASSWORD)
    ada = Browser(empty, "ada")
    assert ada.get("/administration").status_code == 200
    reply = ada.get("/estimates")
    assert reply.status_code == 500
    assert "othing is published" in reply.text
    assert not ada.faults
