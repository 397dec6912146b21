"""A slice of `make survive` (docs/security.md): a few kills of every kind of work, some mishaps, some rubbish; a minute in all."""

from __future__ import annotations

import random

import pytest

from tests.survival import fuzz, mishaps, rubbish, stage, trials

# Where a cut matters most, by the point it comes before: each was wrong once, or would lose the most.
POINTS = {
    "run": "rename current.duckdb",
    "withdraw": "commit commit",
    "rotate": "rename vault.key",
    "backup": "rename misuse-",
    "restore": "rename home",
    "accept": "commit casebook",
    "dispose": "commit casebook",
}
QUICK = ("run", "withdraw", "rotate", "backup", "restore")  # `make survive` kills within the others hundreds of times


@pytest.fixture(scope="module")
def theatre(tmp_path_factory):
    """A stage, and a nursery of children to be killed on it."""
    root = tmp_path_factory.mktemp("survival")
    nursery = stage.Nursery(root / "said")
    yield trials.Theatre(stage.build(root, nursery), nursery)
    nursery.close()


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.deep) for name in sorted(POINTS)]
)
def test_what_is_cut_off_is_done_whole_by_the_next_run(theatre, name):
    scenario = next(one for one in trials.SCENARIOS if one.name == name)
    is_run = name == "run"
    points = [point for point in theatre.rehearse(scenario, runs=is_run).points if not point.startswith("statement")]
    number = max(at for at, point in enumerate(points, 1) if point.startswith(POINTS[name]))
    for when in ("before",) if is_run else ("before", "after"):
        theatre.kill(
            scenario, {"faults": {"kill_at": number, "when": when, "kinds": ["rename", "commit"]}}, runs=is_run
        )
    assert theatre.tally.troubles == []


@pytest.mark.parametrize(
    "mishap",
    [
        mishaps.no_key,
        pytest.param(mishaps.flipped, marks=pytest.mark.deep),
        pytest.param(mishaps.clock, marks=pytest.mark.deep),
    ],
    ids=lambda one: one.__name__,
)
def test_other_mishaps_are_said_and_survived(theatre, mishap):
    mishap(theatre, random.Random(3))
    assert theatre.tally.troubles == []


def test_rubbish_is_read_or_refused_and_every_row_accounted_for(tmp_path):
    reader = fuzz.Reader(tmp_path, seed=11)
    tally = fuzz.Tally()
    for number in range(40):
        tally.take(reader.feed(number))
    assert tally.troubles == []
    assert tally.rows == tally.accepted + tally.rejected + tally.other > 0
    assert tally.taken > 5 < tally.refused


def test_the_model_tells_a_call_that_is_lost_or_doubled():
    """The trials could pass whatever happened if their model were the program's own answer."""
    rows = stage.make_rows(1)
    told = stage.calls_in([*rows["first"], *rows["second"]])
    assert told != stage.calls_in(rows["first"])
    assert len({row[0] for row in told}) == len(told)
    assert not trials.told_by(told[1:], told)
    assert not trials.told_by([told[0], *told], told)
    changed = [[row[0], row[1], "OTHER", 1] if at == 3 else row for at, row in enumerate(told)]
    assert not trials.told_by(changed, told)


def test_rubbish_is_the_same_for_the_same_number(tmp_path):
    first = [rubbish.make(tmp_path, 5, number)[0].read_bytes() for number in range(3, 9)]
    assert first == [rubbish.make(tmp_path, 5, number)[0].read_bytes() for number in range(3, 9)]
