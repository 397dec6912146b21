"""What goes when somebody is put away, or was quiet for long: never what protects whoever calls, or might be somebody else."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from misuse import casebook, disposal, intake, pipeline, publication, retention, warehouse
from misuse.errors import MisuseError, Refused
from misuse.settings import Settings
from tests import roads
from tests.logs import MOBILES, write_csv

FIRST_RUN = datetime(2026, 1, 10, 3)
FIRST = {"name": "Zebedee Quill", "address": "1 Old Row", "postcode": "ZZ1 1AA"}
NEXT = {"name": "Maudie Sallow", "address": "9 New Lane", "postcode": "ZZ9 9ZZ"}
LINE = MOBILES[3]
CODEWORD = "wants a pizza"  # a codeword of the reviewed rules


def call(ref: str, at: datetime, cli: str = LINE, **changes: str) -> dict[str, str]:
    said = {"ref": ref, "received": at.isoformat(sep=" "), "channel": "999", "cli": cli, "code": "HOAX", "version": "1"}
    return dict.fromkeys(roads.COLUMNS, "") | said | changes


def others(day: datetime) -> list[dict[str, str]]:
    """A day of other people's calls, so that the day counts as covered."""
    return [call(f"f{day:%d}{n}", day + timedelta(minutes=20 * n), MOBILES[100 + n], code="THEFT") for n in range(40)]


def take(settings: Settings, name: str, rows: list[dict[str, str]], now: datetime) -> None:
    log = write_csv(settings.home.parent / name, rows, roads.COLUMNS)
    outcomes = list(intake.ingest_files(settings, [log], "calls", actor="tester", now=now))
    assert not [outcome for outcome in outcomes if isinstance(outcome, MisuseError)]


def run(settings: Settings, now: datetime, as_of: date | None = None, *, force: bool = False) -> None:
    outcome = pipeline.run(settings, as_of=as_of, clock=lambda: now, actor="tester", force=force)
    assert outcome.status == "published"


def asked(settings: Settings, text: str) -> list[tuple[Any, ...]]:
    with publication.opened(settings) as con:
        return con.execute(text).fetchall()


def in_vault(settings: Settings, since: str) -> tuple[int, int, int]:
    """Calls since a day, with how many of them the vault knows the number, and the remark."""
    with warehouse.opened(settings, with_vault=True) as con:
        found = con.execute(
            "select count(*), count(cli), count(remarks) from vault.call_details as details "
            "inner join call_records as calls using (call_key, content_digest) where calls.received_at >= $since",
            {"since": since},
        ).fetchone()
    assert found is not None
    return found


def spell_of(settings: Settings, at: str) -> str:
    with publication.opened(settings) as con:
        ((spell,),) = con.execute("select distinct spell_id from calls where received_at = $at", {"at": at}).fetchall()
    return str(spell)


@pytest.fixture
def settings(tmp_path: Path, unreported: None) -> Settings:
    return roads.home(tmp_path / "home")


@pytest.fixture
def called(settings: Settings) -> Settings:
    """Eight calls of one person by one number, and two days of others; run."""
    rows = [call(f"a{n}", datetime(2026, 1, 5) + timedelta(hours=n), **FIRST) for n in range(8)]
    take(settings, "one.csv", rows + others(datetime(2026, 1, 8)) + others(datetime(2026, 1, 9)), FIRST_RUN)
    run(settings, FIRST_RUN)
    return settings


def put_away(settings: Settings, spells: list[str], now: datetime) -> list[dict[str, Any]]:
    """As the review room does, with a certificate in the casebook."""
    with casebook.opened(settings) as book:
        book.set_user("ada", "administrator", actor="ada", occurred_at=now)
        note = book.record("case_read", actor="ada", occurred_at=now, caller_id=f"c{spells[0][1:]}")

    def certify(lines: list[dict[str, Any]], barred: list[str]) -> None:
        leaves = {"spells": spells, "lines": lines, "barred": barred}
        with casebook.opened(settings) as book:
            book.dispose([note.event_id], reason="past its time", actor="ada", occurred_at=now, leaves=leaves)

    return disposal.dispose(settings, spells, certify)[0]


# ── disposal ───────────────────────────────────────────────────────────────────────────────────


def test_nobody_is_put_away_while_a_call_of_then_is_in_that_no_run_has_counted(called: Settings) -> None:
    """A late file: whoever called among the first holder's days is known to nobody yet, and what they said to no rule."""
    spell, later = spell_of(called, "2026-01-05"), FIRST_RUN + timedelta(days=2)
    take(called, "late.csv", [call("b0", datetime(2026, 1, 7, 1), remarks=CODEWORD, **NEXT)], later)
    with pytest.raises(Refused, match="no run has counted"):
        put_away(called, [spell], later)
    assert in_vault(called, "2026-01-07 00:30")[2] == 1
    run(called, later, force=True)
    put_away(called, [spell], later)


def test_whoever_calls_after_the_day_of_the_last_run_does_not_go(called: Settings) -> None:
    """The number has passed on, and whoever holds it now is in danger: the last run knows nothing of that."""
    spell, later = spell_of(called, "2026-01-05"), FIRST_RUN + timedelta(days=2)
    came = datetime(2026, 1, 11, 1)
    new = [call("b0", came, markers="domestic_abuse", **NEXT)]
    new += [call(f"b{n}", came + timedelta(minutes=10 * n), remarks=CODEWORD, **NEXT) for n in range(1, 7)]
    take(called, "two.csv", new + others(datetime(2026, 1, 11)), later)
    (line,) = put_away(called, [spell], later)
    assert (line["held_to"], line["last_call_at"]) == (came.isoformat(), "2026-01-05T07:00:00")
    assert in_vault(called, "2026-01-11") == (47, 47, 6)
    run(called, later + timedelta(hours=2), force=True)
    found = asked(called, "select is_stopped, is_misuse, caller_id is not null from calls where line_id is not null "
                          "and is_coded_misuse and received_at >= '2026-01-11'")  # fmt: skip
    assert found == [(True, False, True)] * 7
    assert asked(called, "select count(*) from look_list where is_urgent") == [(1,)]


def test_a_silence_that_is_not_settled_bounds_what_goes(settings: Settings) -> None:
    """Whoever calls after three years is told apart only once that call is old enough; the first holder goes before."""
    rows = [call(f"a{n}", datetime(2023, 1, 5) + timedelta(hours=n), **FIRST) for n in range(6)]
    newcomer = {"person": "Maudie Sallow", "born": "1990-01-01", "remarks": CODEWORD}
    rows += [call(f"b{n}", datetime(2026, 1, 2) + timedelta(hours=n), **newcomer) for n in range(6)]
    take(settings, "one.csv", rows + others(datetime(2026, 1, 8)) + others(datetime(2026, 1, 9)), FIRST_RUN)
    run(settings, FIRST_RUN)
    assert len(asked(settings, "select distinct spell_id from calls where is_coded_misuse")) == 1
    (line,) = put_away(settings, [spell_of(settings, "2023-01-05")], FIRST_RUN)
    assert (line["held_from"], line["held_to"]) == (None, "2026-01-02T00:00:00")
    run(settings, FIRST_RUN + timedelta(hours=2), force=True)
    by_year = (
        "select year(received_at), count(*), count(caller_id), count(*) filter (is_stopped), "
        "count(*) filter (is_misuse) from calls where is_coded_misuse group by all order by all"
    )
    assert asked(settings, by_year) == [(2023, 6, 0, 0, 6), (2026, 6, 6, 6, 0)]


def test_calls_that_a_rule_barred_stay_barred_when_its_words_are_gone(settings: Settings) -> None:
    """Codewords stand in remarks, ties in places: both go. Also when an overlapping extract brings the calls back."""
    rows = [
        call(f"a{n}", datetime(2026, 1, 5) + timedelta(hours=n), remarks=CODEWORD if n < 6 else "", **FIRST)
        for n in range(8)
    ]
    rows += [call("d0", datetime(2026, 1, 4), MOBILES[7], markers="domestic_abuse", place="77 Fear Street")]
    silent = {"code": "SILENT NUISANCE", "place": "77 Fear Street"}
    rows += [call(f"p{n}", datetime(2026, 1, 6) + timedelta(hours=n), MOBILES[8], **silent) for n in range(6)]
    take(settings, "one.csv", rows + others(datetime(2026, 1, 8)) + others(datetime(2026, 1, 9)), FIRST_RUN)
    run(settings, FIRST_RUN)
    counts = "select count(*) filter (is_stopped), count(*) filter (is_misuse) from calls where is_coded_misuse"
    assert asked(settings, counts) == [(13, 2)]
    put_away(settings, [spell_of(settings, "2026-01-05"), spell_of(settings, "2026-01-06")], FIRST_RUN)
    assert in_vault(settings, "2026-01-05")[2] == 0
    run(settings, FIRST_RUN + timedelta(hours=2), force=True)
    assert asked(settings, counts) == [(13, 2)]
    take(settings, "again.csv", rows[:8], FIRST_RUN + timedelta(hours=3))
    run(settings, FIRST_RUN + timedelta(hours=4), force=True)
    assert asked(settings, counts) == [(13, 2)]
    with casebook.opened(settings) as book:
        (event,) = book.entries("disposed")
    assert len(event.data["leaves"]["barred"]) == 12
    assert "domestic" not in event.payload, "nor by which rule"


# ── numbers of quiet callers ───────────────────────────────────────────────────────────────────


def test_numbers_do_not_go_whose_calls_no_run_has_judged(settings: Settings) -> None:
    """Quiet for two years by the last run; since then they called, and said a codeword."""
    then, now = datetime(2024, 1, 15, 3), datetime(2026, 1, 15, 3)
    rows = [call(f"x{n}", datetime(2023, 12, 20 + n, 9), **FIRST) for n in range(3)]
    rows += [
        call(f"o{n}", datetime(2024, 1, 14) + timedelta(minutes=30 * n), MOBILES[50 + n], code="THEFT")
        for n in range(40)
    ]
    take(settings, "one.csv", rows, then)
    run(settings, then)
    assert retention.retain(settings, now, dry_run=True).unconfirmed_numbers > 1
    late = [call(f"y{n}", datetime(2023, 12, 25, 10 + n), remarks=CODEWORD, **FIRST) for n in range(3)]
    take(settings, "two.csv", late, now)  # of old days too: a late file
    retention.retain(settings, now)
    run(settings, now + timedelta(hours=1), force=True)
    assert asked(settings, "select count(*) from calls where is_stopped") == [(3,)]


def test_after_a_run_of_an_earlier_day_nobodys_number_goes(settings: Settings) -> None:
    now = datetime(2026, 1, 15, 3)
    rows = [
        call(f"o{n}", datetime(2024, 6, 1) + timedelta(minutes=30 * n), MOBILES[n], code="THEFT") for n in range(40)
    ]
    rows += [
        call(f"n{n}", datetime(2026, 1, 14) + timedelta(minutes=30 * n), MOBILES[n], remarks=CODEWORD)
        for n in range(39)
    ]
    take(settings, "one.csv", rows, now)
    run(settings, now)
    quiet = retention.retain(settings, now, dry_run=True).unconfirmed_numbers
    assert quiet == 1, "who has not called since"
    run(settings, now + timedelta(hours=1), date(2024, 6, 1), force=True)
    assert retention.retain(settings, now + timedelta(hours=2)).unconfirmed_numbers == 0
    assert in_vault(settings, "2026-01-14") == (39, 39, 39)


def test_a_number_that_fell_silent_for_long_keeps_what_tells_that_it_was_kept(settings: Settings) -> None:
    """The same subscriber on both sides of a silence is one holder; without the details a rebuild would make two."""
    now = datetime(2025, 1, 20, 3)
    rows = [call(f"a{n}", datetime(2023, 1, 5) + timedelta(hours=3 * n), **FIRST) for n in range(3)]
    rows += [call(f"b{n}", datetime(2023, 9, 5) + timedelta(hours=3 * n), **FIRST) for n in range(3)]
    rows += [call("q", datetime(2023, 9, 5), MOBILES[60], code="THEFT")]
    rows += [
        call(f"f{n}", datetime(2025, 1, 18) + timedelta(minutes=30 * n), MOBILES[100 + n % 20], code="THEFT")
        for n in range(90)
    ]
    take(settings, "one.csv", rows, now)
    run(settings, now)
    assert retention.retain(settings, now + timedelta(hours=2)).unconfirmed_numbers == 1, "another's, who called once"
    with warehouse.opened(settings) as con:
        con.execute("delete from marks where name in ('calls', 'number_evidence')")  # as a new release does
    run(settings, now + timedelta(hours=4), force=True)
    spells = "select count(distinct spell_id), count(distinct caller_id) from calls where is_coded_misuse"
    assert asked(settings, spells) == [(1, 1)]
