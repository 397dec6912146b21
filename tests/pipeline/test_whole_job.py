"""Log in, list out: equal to an independent count, near the planted truth, and the same by every road."""

from __future__ import annotations

import errno
import json
import random
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import Mock

import duckdb
import pytest

from misuse import detection, intake, outgoing, pipeline, publication, synth
from misuse.errors import CheckFailed, MisuseError
from misuse.settings import Settings
from tests import oracle, reckoning
from tests.logs import NOW, random_rows, settings_for, write_csv

pytestmark = pytest.mark.usefixtures("unreported_file")  # nobody reads their papers


def take(settings, *paths, source="calls"):
    outcomes = list(intake.ingest_files(settings, list(paths), source, actor="tester", now=NOW))
    for outcome in outcomes:
        if isinstance(outcome, MisuseError):
            raise outcome
    return outcomes


def run(settings, **changes):
    return pipeline.run(settings, as_of=changes.pop("as_of", None), clock=lambda: NOW, actor="tester", **changes)


def published_digest(settings):
    run(settings, force=True)  # a withdrawal may end the log earlier, and that is somebody's decision
    return publication.digest(settings.current_path)


def agrees_with_oracle(settings, rows, rules, as_of, *, since_start=True):
    """Headline, since-start figures, bridge and order of the list against the plain count."""
    con = duckdb.connect(str(settings.current_path), read_only=True)
    document = detection.headline(con)
    listed = con.execute(
        "select misuse_calls_window, episodes, handling_hours, unit_hours from tasking_list order by rank"
    ).fetchall()
    con.close()
    rows = list(rows)
    headline = oracle.reckon(rows, rules, as_of=as_of, window_days=365)
    counted = [(document, headline)]
    if since_start:
        counted.append((document["since_log_start"], oracle.reckon(rows, rules, as_of=as_of, window_days=None)))
    for found, told in counted:
        assert (found["calls"], found["misuse_calls"], found["unidentified_misuse_calls"]) == (
            told.calls,
            told.misuse,
            told.unidentified,
        )
        assert found["persistent_callers"] == len(told.persistent)
        assert [(s["step"], s["callers"], s["calls"]) for s in found["bridge"]] == [step[:3] for step in told.bridge]
        shares = zip([s["share"] for s in found["bridge"]], told.bridge, strict=True)
        assert all(share == pytest.approx(calls / total) for share, (_, _, calls, total) in shares)
        assert found["share_of_handling"]["point"] == pytest.approx(told.handling[0] / told.handling[1])
        if told.days_work:
            work = found["days_work_per_month"]
            assert (work["persistent"]["point"], work["all_misuse"]["point"]) == pytest.approx(told.days_work)
            hours = found["hours_per_month"]
            assert (hours["persistent"], hours["all_misuse"]) == pytest.approx(told.hours)
    told = headline
    assert [(calls, episodes) for calls, episodes, _, _ in listed] == [
        (entry["calls"], entry["episodes"]) for entry in told.persistent
    ]
    assert [round((handling or 0) * 3600 + (unit or 0) * 3600) for _, _, handling, unit in listed] == [
        entry["work"] for entry in told.persistent
    ]
    return document


@pytest.mark.parametrize("seed", [21, *(pytest.param(seed, marks=pytest.mark.deep) for seed in (22, 23, 24, 25))])
def test_a_random_log_equals_the_plain_count(tmp_path, seed):
    rows = random_rows(seed, 900, days=70)
    settings = settings_for(tmp_path / "home")
    take(settings, write_csv(tmp_path / "log.csv", rows))
    outcome = run(settings)
    document = agrees_with_oracle(settings, reckoning.plain_rows(rows), reckoning.plain_rules(), outcome.as_of)
    assert document["persistent_callers"] >= 5
    steps = {step["step"]: step["calls"] for step in document["bridge"]}
    assert steps["by_number"] > steps["less_stopped"] > steps["less_doubtful"] >= steps["less_unidentified"]


def test_every_road_leads_to_the_same_published_relations(tmp_path):
    rows = random_rows(31, 400)
    chance = random.Random(31)
    rows += [row | {"version": "2", "code": "HOAX"} for row in chance.sample(rows, 15)] + chance.sample(rows, 10)
    whole = settings_for(tmp_path / "whole")
    take(whole, write_csv(tmp_path / "whole.csv", rows))
    expected = published_digest(whole)

    chance.shuffle(rows)
    pieces = [write_csv(tmp_path / f"piece{i}.csv", rows[i::4]) for i in range(4)]
    split = settings_for(tmp_path / "split")
    take(split, *reversed(pieces))
    assert published_digest(split) == expected, "splitting and order"

    take(split, tmp_path / "whole.csv")
    assert published_digest(split) == expected, "everything a second time"

    nightly = settings_for(tmp_path / "nightly")
    for piece in pieces:
        take(nightly, piece)
        last = published_digest(nightly)
    assert last == expected, "a run after every file"

    extra = write_csv(tmp_path / "extra.csv", random_rows(32, 80))
    (outcome,) = take(nightly, extra)
    assert published_digest(nightly) != expected, "the digest sees a difference"
    intake.withdraw(nightly, outcome.batch_id, reason="a test", actor="tester", now=NOW)
    assert published_digest(nightly) == expected, "withdrawal undoes"


def test_the_same_inputs_give_the_same_run_and_nothing_new_is_skipped(tmp_path):
    settings = settings_for(tmp_path / "home")
    take(settings, write_csv(tmp_path / "log.csv", random_rows(33, 200)))
    first = run(settings)
    again = run(settings)
    assert (first.status, again.status, again.run_id) == ("published", "skipped", first.run_id)
    forced = run(settings, force=True)
    assert forced.run_id == first.run_id


def test_a_failed_check_publishes_nothing_and_the_old_list_stands(tmp_path, monkeypatch):
    settings = settings_for(tmp_path / "home")
    take(settings, write_csv(tmp_path / "log.csv", random_rows(34, 200)))
    first = run(settings)
    take(settings, write_csv(tmp_path / "more.csv", random_rows(35, 200)))
    real = pipeline.task

    def loses_a_call(settings, run_id, now, tracker):
        real(settings, run_id, now, tracker)
        with pipeline.warehouse.opened(settings) as con:
            con.execute("delete from calls where call_key = (select min(call_key) from calls)")

    monkeypatch.setitem(pipeline._STEPS, "task", ("Losing a call", loses_a_call))
    with pytest.raises(CheckFailed, match="the earlier list stands"):
        run(settings)
    assert settings.current_path.resolve().stem == first.run_id
    told = json.loads((settings.home / "last_run.json").read_text())
    assert told["status"] == "failed"


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_run_whose_copy_could_not_be_written_was_never_published(tmp_path, monkeypatch, is_killed):
    settings = settings_for(tmp_path / "home")
    hours = iter(NOW + timedelta(hours=hour) for hour in range(3))

    def night(seed):
        take(settings, write_csv(tmp_path / f"{seed}.csv", random_rows(seed, 200)))
        now = next(hours)
        pipeline.run(settings, as_of=None, clock=lambda: now, actor="tester")

    night(34)
    with monkeypatch.context() as full:
        full.setattr(outgoing, "write", Mock(side_effect=OSError(errno.ENOSPC, "No space left on device")))
        if is_killed:  # nobody is left to say that it failed
            full.setattr(pipeline, "fail", lambda *_: None)
        with pytest.raises((MisuseError, OSError)):
            night(35)
    night(36)
    with publication.opened(settings) as copy:
        held = copy.execute("select status from runs order by started_at").fetchall()
    assert [status for (status,) in held] == ["published", "failed", "published"]


def test_an_earlier_as_of_never_takes_the_place_of_a_later_one_unforced(tmp_path):
    settings = settings_for(tmp_path / "home")
    take(settings, write_csv(tmp_path / "log.csv", random_rows(36, 200)))
    later = run(settings)
    with pytest.raises(MisuseError, match="later than"):
        run(settings, as_of=date(2025, 11, 20))
    assert settings.current_path.resolve().stem == later.run_id
    assert run(settings, as_of=date(2025, 11, 20), force=True).as_of == date(2025, 11, 20)


def test_another_process_reads_while_a_run_writes(tmp_path):
    import subprocess
    import sys

    settings = settings_for(tmp_path / "home")
    take(settings, write_csv(tmp_path / "log.csv", random_rows(37, 300)))
    run(settings)
    code = (
        "import sys, time, duckdb\n"
        "seen = set()\n"
        "end = time.time() + 8\n"
        "while time.time() < end:\n"
        "    con = duckdb.connect(sys.argv[1], read_only=True)\n"
        "    ids = con.execute('select count(*), min(run_id), max(run_id) from tasking_list').fetchone()\n"
        "    assert ids[0] and ids[1] == ids[2]\n"
        "    seen.add(ids[1]); con.close()\n"
        "print(len(seen))\n"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", code, str(settings.current_path)], stdout=subprocess.PIPE, text=True
    )
    take(settings, write_csv(tmp_path / "more.csv", random_rows(38, 300)))
    run(settings)
    said, _ = reader.communicate(timeout=60)
    assert reader.returncode == 0
    assert int(said) >= 1


@pytest.fixture(scope="module")
def small_london(tmp_path_factory):
    root = tmp_path_factory.mktemp("london")
    synth.make(synth.SyntheticSettings(days=120, calls_per_day=600, start=date(2025, 2, 1)), root / "synth")
    settings = Settings(home=root / "home", bootstrap_replicates=200, memory_limit="2GB")
    take(settings, *sorted((root / "synth" / "log").glob("*.csv")), source="synthetic")
    return root / "synth", settings, run(settings)


def test_a_small_london_equals_the_plain_count(small_london):
    folder, settings, outcome = small_london
    rows = reckoning.synthetic_rows(folder / "log")
    document = agrees_with_oracle(settings, rows, reckoning.synthetic_rules(), outcome.as_of)
    assert document["persistent_callers"] >= 10


def test_whoever_is_stopped_is_looked_at_and_never_tasked(small_london):
    _, settings, _ = small_london
    con = duckdb.connect(str(settings.current_path), read_only=True)
    stopped = con.execute("select count(*) from callers where is_stopped and stopped_calls >= 10").fetchone()[0]
    tasked = con.execute("select count(*) from tasking_list join callers using (caller_id) where is_stopped").fetchone()
    unlooked = con.execute(
        "select count(*) from callers where is_stopped and (coded_misuse_calls > 0 or calls >= 10) "
        "and caller_id not in (select caller_id from look_list)"
    ).fetchone()
    con.close()
    assert stopped >= 1
    assert tasked == (0,)
    assert unlooked == (0,)


def test_a_small_london_is_near_the_truth(small_london):
    folder, settings, _ = small_london
    con = duckdb.connect(str(settings.current_path), read_only=True)
    document = detection.headline(con)
    con.close()
    truth = json.loads((folder / "truth" / "summary.json").read_text())["by_person"]
    share = document["share_of_misuse"]
    assert share["point"] == pytest.approx(truth["share_of_misuse"], abs=0.03)
    assert document["misuse_calls"] == pytest.approx(truth["misuse_calls"], rel=0.05)
    assert document["persistent_callers"] == pytest.approx(truth["persistent_persons"], abs=3)
    assert share["low"] <= share["point"] <= share["high"]
    assert share["bound_low"] <= share["point"] <= share["bound_high"]


@pytest.mark.deep
def test_the_synthetic_year_equals_the_plain_count_and_is_near_the_truth(tmp_path):
    synth.make(synth.SyntheticSettings(), tmp_path / "synth")
    settings = Settings(home=tmp_path / "home")
    take(settings, *sorted((tmp_path / "synth" / "log").glob("*.csv")), source="synthetic")
    outcome = run(settings)
    rows = reckoning.synthetic_rows(tmp_path / "synth" / "log")
    # The log is just the window's year, so that "since the log's start" is the same count.
    document = agrees_with_oracle(settings, rows, reckoning.synthetic_rules(), outcome.as_of, since_start=False)
    assert document["since_log_start"]["persistent_callers"] == document["persistent_callers"]
    truth = json.loads((tmp_path / "synth" / "truth" / "summary.json").read_text())["by_person"]
    assert 0.41 <= truth["share_of_misuse"] <= 0.45
    assert document["share_of_misuse"]["point"] == pytest.approx(truth["share_of_misuse"], abs=0.03)
    assert document["misuse_calls"] == pytest.approx(truth["misuse_calls"], rel=0.05)
    assert document["persistent_callers"] == pytest.approx(truth["persistent_persons"], rel=0.07)
    share = document["share_of_misuse"]
    assert share["low"] <= share["point"] <= share["high"]
    assert share["bound_low"] <= share["point"] <= share["bound_high"]


FTC = Path(__file__).resolve().parents[3] / "shared" / "data" / "ftc_dnc_2021-07-08.csv"

FTC_SOURCE = {
    "format": "csv",
    "encoding": "latin-1",
    "columns": {
        "call_id": ["{row}", "Created_Date"],
        "received_at": "Created_Date",
        "cli": "Company_Phone_Number",
        "borough": "Consumer_State",
        "opening_code": "Subject",
    },
    "times": {"zone": "America/New_York"},
    "numbers": {"region": "US"},
    "misuse": {"all": True},
    "orders": [{"name": "violation after complaint", "earlier": "Violation_Date", "later": "Created_Date"}],
}


@pytest.mark.skipif(not FTC.exists(), reason="the shared real data is not beside this checkout")
def test_a_real_log_through_a_declared_layout(tmp_path):
    settings = settings_for(tmp_path / "home", sources={"ftc": FTC_SOURCE})
    (taken,) = take(settings, FTC, source="ftc")
    assert taken.rows == taken.accepted == 14_034
    assert taken.oddities["violation after complaint"] == 442
    assert taken.oddities["number_absent"] - taken.oddities["number_withheld_word"] == 669
    assert taken.oddities["number_placeholder"] == 10
    run(settings)
    con = duckdb.connect(str(settings.current_path), read_only=True)
    document = detection.headline(con)
    con.close()
    assert (document["persistent_callers"], document["persistent_misuse_calls"]) == (8, 129)
    steps = {step["step"]: (step["callers"], step["calls"]) for step in document["bridge"]}
    assert steps["by_number"] == (9, 139), "a count that takes placeholders for callers"
    assert document["share_of_handling"]["point"] is None
