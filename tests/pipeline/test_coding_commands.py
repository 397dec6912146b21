"""Coding error through the command line, in a home: plan, draw, code, settle, run; and what nobody is shown."""

from __future__ import annotations

import csv
import getpass
import io
import json
from datetime import timedelta

import pytest

from misuse import casebook, double_coding, intake, pipeline
from misuse.casebook.coding import EVENTS, samples
from misuse.cli import run_command
from misuse.errors import InputError, MisuseError, Refused, UsageError
from tests.logs import NOW, random_rows, settings_for, write_csv
from tests.pipeline.test_nothing_leaks import LAYOUT

pytestmark = pytest.mark.usefixtures("unreported_file")  # nobody reads their papers

ME = getpass.getuser()
FIGURES = ("persistent_callers", "persistent_misuse_calls", "misuse_calls", "share_of_misuse")


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """A home with a published run, and people."""
    root = tmp_path_factory.mktemp("coding")
    settings = settings_for(root / "home", token_key="")
    settings.home.mkdir()
    (settings.home / "misuse.toml").write_text(LAYOUT, encoding="utf-8")
    (outcome,) = intake.ingest_files(
        settings, [write_csv(root / "log.csv", random_rows(91, 900))], "calls", actor="tester", now=NOW
    )
    assert not isinstance(outcome, MisuseError), outcome
    assert pipeline.run(settings, as_of=None, clock=lambda: NOW, actor="tester").status == "published"
    with casebook.opened(settings) as book:
        book.set_user("head", "administrator", actor="head", occurred_at=NOW)
        for name, role in ((ME, "analyst"), ("ann", "analyst"), ("third", "reviewer"), ("aud", "auditor")):
            book.set_user(name, role, actor="head", occurred_at=NOW)
    return settings


@pytest.fixture
def misuse(settings, capsys):
    """Run a command: exit code, standard output, standard error."""

    def run(*words):
        code = run_command(list(words), {"MISUSE_HOME": str(settings.home)})
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def sample_of(settings, name="D1"):
    with casebook.opened(settings) as book:
        return samples(book.entries(*EVENTS))[name]


def corrected(misuse):
    return json.loads(misuse("estimate", "--json")[1])["corrected"]


def test_without_a_sample_nothing_is_corrected_and_the_next_step_is_named(misuse):
    found = corrected(misuse)
    assert {found[name]["point"] for name in FIGURES} == {None}
    assert "misuse coding plan" in found["method"]
    assert "codes not corrected" in misuse("estimate")[1]
    rows = json.loads(misuse("list", "--json", "--all")[1])
    assert rows
    assert {row["p_at_least_threshold"] for row in rows} == {None}
    assert misuse("sql", "select * from code_error_rates", "--json")[1].strip() == "[]"


def test_a_plan_adds_up(misuse):
    code, out, _ = misuse("coding", "plan", "--json")
    plan = json.loads(out)
    assert code == 0
    assert sum(row["needed"]["0.05"] for row in plan["strata"]) == plan["totals"]["0.05"]
    assert "in all" in misuse("coding", "plan")[1]


def test_the_whole_way_from_a_draw_to_corrected_figures(settings, misuse, tmp_path):
    code, out, err = misuse(
        "coding", "draw", "--coder", ME, "--coder", "ann", "--half-width", "0.1", "--reason", "a test", "--json"
    )
    assert code == 0, err
    drawn = json.loads(out)
    assert drawn["sample"] == "D1"
    sample = sample_of(settings)
    assert len(sample.calls) == drawn["calls"]
    assert "waits for" in misuse("coding", "status")[1]

    # What a coder sees: facts, never codes, callers, kinds or keys.
    listed = list(csv.DictReader(io.StringIO(misuse("coding", "calls", "d1", "--csv")[1])))
    assert [int(row["call"]) for row in listed] == list(range(1, drawn["calls"] + 1))
    assert set(listed[0]) == {"call", *double_coding.FACTS, "verdict"}
    told = json.dumps(listed) + misuse("coding", "calls", "--limit", "9999")[1]
    assert not any(word in told.upper() for word in ("HOAX", "NUISANCE", "THEFT", "RTC"))
    assert not any(call.call_key in told for call in sample.calls)

    # One by one, then the rest by file; a run in between corrects nothing.
    truth = {call.number: "misuse" if call.kind == "misuse" else "not_misuse" for call in sample.calls}
    code, out, _ = misuse("coding", "record", "D1", "1", truth[1], "--note", "a test")
    assert (code, "1 call coded" in out) == (0, True)
    pipeline.run(settings, as_of=None, clock=lambda: NOW + timedelta(hours=1), actor="tester")
    assert "not all are coded by both" in corrected(misuse)["method"]
    file = tmp_path / "mine.csv"
    file.write_text("call,verdict\n" + "".join(f"{number},{said}\n" for number, said in truth.items() if number > 1))
    assert misuse("coding", "import", "D1", str(file))[0] == 0
    other = {number: "not_misuse" if number in (2, 3) else said for number, said in truth.items()} | {4: "cannot_tell"}
    double_coding.record(settings, sample_of(settings), other, note="", actor="ann", now=NOW)

    disputed = sample_of(settings).in_dispute()
    assert 4 in disputed
    code, out, _ = misuse("coding", "status")
    assert "agreed on" in out
    assert "kappa" in out
    assert (
        misuse("coding", "record", "D1", str(disputed[0]), "misuse")[0] == Refused.exit_code
    )  # a coder settles nothing
    settled = {number: truth[number] for number in disputed}
    assert (
        double_coding.record(settings, sample_of(settings), settled, note="", actor="third", now=NOW) == "calls_settled"
    )
    assert "finished" in misuse("coding", "status")[1]

    assert (
        pipeline.run(settings, as_of=None, clock=lambda: NOW + timedelta(hours=2), actor="tester").status == "published"
    )


def test_a_run_counts_the_finished_sample(settings, misuse):
    found = corrected(misuse)
    raw = json.loads(misuse("estimate", "--json")[1])
    for name in FIGURES:
        assert found[name]["low"] <= found[name]["point"] <= found[name]["high"]
    assert found["persistent_callers"]["point"] == pytest.approx(raw["persistent_callers"], abs=1.5)  # codes were right
    assert "kappa" in found["method"]
    assert "codes err" in misuse("estimate")[1]
    rows = json.loads(misuse("list", "--json", "--all")[1])
    assert all(0 <= row["p_at_least_threshold"] <= 1 for row in rows)
    assert max(row["p_at_least_threshold"] for row in rows) > 0.9
    rates = json.loads(misuse("sql", "select * from code_error_rates", "--json")[1])
    assert sum(row["coded_again"] + row["cannot_tell"] for row in rates) == len(sample_of(settings).calls)
    assert corrected(misuse) == found
    again = json.loads(misuse("estimate", "--window", "30", "--json")[1])
    assert again["corrected"] is None


def test_a_run_again_gives_the_same_chances(settings, misuse):
    before = misuse("sql", "select * from caller_chances order by caller_id", "--json")[1]
    pipeline.run(settings, as_of=None, clock=lambda: NOW + timedelta(days=2), actor="tester", force=True)
    assert misuse("sql", "select * from caller_chances order by caller_id", "--json")[1] == before
    assert len(json.loads(before)) > 3


def test_a_classifier_is_trained_by_command_and_the_run_says_whether_it_is_used(settings, misuse):
    assert "no classifier was trained" in corrected(misuse)["method"]
    code, out, err = misuse("coding", "train", "--json")
    assert code == 0, err
    trained = json.loads(out)
    assert not trained["ships"]  # nothing in this log tells more than its codes
    with casebook.opened(settings) as book:
        (event,) = book.entries("coding_model_trained")
    assert event.data["document"] == trained
    pipeline.run(settings, as_of=None, clock=lambda: NOW + timedelta(days=3), actor="tester")
    assert f"by codes alone: {trained['why']}" in corrected(misuse)["method"]


def test_a_classifier_in_force_parts_codes_and_makes_no_call_misuse(settings, misuse):
    before = json.loads(misuse("estimate", "--json")[1])
    count = "select sum(coded_again) as verdicts from code_error_rates where stratum not in ('(any code)')"
    (all_verdicts,) = json.loads(misuse("sql", count, "--json")[1])
    month = "select max(cast(date_trunc('month', local_date) as date)) as month from calls where is_coded_misuse"
    (last,) = json.loads(misuse("sql", month, "--json")[1])
    document = {
        "ships": True, "why": "a test", "judged_from": str(last["month"])[:10], "rates": {"misuse|": 2.0, "other|": -2.0}, "amounts": [["talk_seconds", 5.0, 1.0]],
        "words": [], "weights": [1.0, 1.0], "intercept": 0.0,
    }  # fmt: skip
    with casebook.opened(settings) as book:
        book.record("coding_model_trained", actor="third", occurred_at=NOW, payload={"document": document})
    pipeline.run(settings, as_of=None, clock=lambda: NOW + timedelta(days=4), actor="tester")
    after = json.loads(misuse("estimate", "--json")[1])
    assert "codes parted by a classifier: a test" in after["corrected"]["method"]
    strata = {row["stratum"] for row in json.loads(misuse("sql", "select * from code_error_rates", "--json")[1])}
    assert {"HOAX, more", "HOAX, less"} <= strata
    (late_verdicts,) = json.loads(misuse("sql", count, "--json")[1])
    assert late_verdicts["verdicts"] < all_verdicts["verdicts"], "what taught it rates none of its bands"
    assert {name: after[name] for name in ("misuse_calls", "persistent_callers", "share_of_misuse", "bridge")} == {
        name: before[name] for name in ("misuse_calls", "persistent_callers", "share_of_misuse", "bridge")
    }


def test_a_drawing_repeats_itself_and_another_seed_does_not(settings):
    def keys(seed):
        drawn = double_coding.draw(
            settings, coders=("ann", "third"), calls=200, half_width=None, seed=seed, reason="a test", actor="third", now=NOW
        )  # fmt: skip
        return [call.call_key for call in sample_of(settings, drawn["sample"]).calls]

    first = keys(7)
    assert keys(7) == first
    assert keys(8) != first


def test_remarks_take_a_role_and_a_reason_and_are_recorded(settings, misuse):
    drawn = double_coding.draw(
        settings, coders=(ME, "ann"), calls=300, half_width=None, seed=9, reason="a test", actor="third", now=NOW
    )  # fmt: skip
    name = drawn["sample"]
    assert misuse("coding", "calls", name, "--identified")[0] == UsageError.exit_code
    assert misuse("coding", "calls", name, "--identified", "--reason", "  ")[0] == UsageError.exit_code
    code, out, err = misuse("coding", "calls", name, "--identified", "--reason", "a test", "--json")
    assert (code, out) == (Refused.exit_code, "")  # an analyst sees no identity
    assert "see identity" in err
    with casebook.opened(settings) as book:
        assert not [event for event in book.entries("identity_read") if event.data["way"] == "coding"]
        book.set_user(ME, "reviewer", actor="head", occurred_at=NOW)
    try:
        code, out, _ = misuse("coding", "calls", name, "--identified", "--reason", "a test", "--json")
        rows = json.loads(out)["calls"]
        with casebook.opened(settings) as book:
            (read,) = [event.data for event in book.entries("identity_read") if event.data["way"] == "coding"]
    finally:
        with casebook.opened(settings) as book:
            book.set_user(ME, "analyst", actor="head", occurred_at=NOW)
    assert code == 0
    assert (read["sample"], read["calls"], read["reason"]) == (name, list(range(1, drawn["calls"] + 1)), "a test")
    assert any(row["remarks"] for row in rows)
    assert all(row["call_id"] for row in rows)
    assert misuse("coding", "withdraw", name, "--reason", "a test")[0] == 0
    assert misuse("coding", "calls", name)[0] == InputError.exit_code


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("draw", "--coder", "ann", "--calls", "300", "--reason", "x"), UsageError.exit_code),
        (("draw", "--coder", "ann", "--coder", "aud", "--calls", "300", "--reason", "x"), UsageError.exit_code),
        (("draw", "--coder", "ann", "--coder", "third", "--calls", "3", "--reason", "x"), UsageError.exit_code),
        (("draw", "--coder", "ann", "--coder", "third", "--calls", "300", "--reason", " "), UsageError.exit_code),
        (("draw", "--coder", "ann", "--coder", "third", "--half-width", "5", "--reason", "x"), UsageError.exit_code),
        (("plan", "--half-width", "0"), UsageError.exit_code),
        (("record", "D99", "1", "misuse"), InputError.exit_code),
        (("record", "D1", "one", "misuse"), UsageError.exit_code),
        (("import", "D1", "nowhere.csv"), InputError.exit_code),
        (("withdraw", "D99", "--reason", "x"), InputError.exit_code),
    ],
)
def test_what_cannot_be_done_is_said(misuse, words, code):
    found, out, err = misuse("coding", *words)
    assert (found, out) == (code, "")
    assert "Next:" in err
