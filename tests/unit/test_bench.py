"""The benchmark's reckoning: medians, what counts as slower, and the page's tables."""

from __future__ import annotations

import json
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from benchmarks import bench, bench_page, measured, whole_job

COST = {"seconds": 2.0, "processor_seconds": 4.0, "peak_megabytes": 300.0, "written_megabytes": 20.0}


def figures(times: float) -> dict[str, Any]:
    whole = {name: value * times for name, value in COST.items()}
    return {
        "rows": 1000.0, "log_megabytes": 1.5, "rounds": 1, "raw": {"load": COST, "group-by": COST}, "script": COST,
        "whole": whole, "steps": {"ingest": COST}, "night": whole, "night_steps": {"ingest": COST},
        "stores_megabytes": {"vault": 3},
        "machine": {
            "processor": "one", "cores": 2, "memory_gigabytes": 24, "system": "Linux", "python": "3", "duckdb": "1",
            "commit": "abc", "niceness": 0, "load_before": 0.1,
        },
    }  # fmt: skip


def test_a_median_is_taken_figure_by_figure() -> None:
    rounds = [{"a": 1.0, "b": {"c": 5.0}}, {"a": 9.0, "b": {"c": 7.0}}, {"a": 3.0, "b": {"c": 6.0}}]
    assert bench.medians(rounds) == {"a": 3.0, "b": {"c": 6.0}}


@pytest.mark.parametrize(("times", "is_slower"), [(9.0, False), (10.0, False), (11.6, False), (11.8, True)])
def test_a_sixth_over_the_baseline_is_slower(times: float, is_slower: bool) -> None:
    kept = {"1M": figures(10.0)}
    assert bool(bench.slower({"1M": figures(times)}, kept)) is is_slower
    assert not bench.slower({"10M": figures(100.0)}, kept)


def test_another_machine_is_told_apart_from_a_slower_commit() -> None:
    now = figures(20.0)
    assert bench.slower({"1M": now}, {"1M": figures(10.0)})[0][1]
    now["machine"]["cores"] = 64
    ((sentence, is_same),) = bench.slower({"1M": now}, {"1M": figures(10.0)})
    assert not is_same
    assert sentence.endswith("on another machine")


def test_the_tables_say_multiples_of_the_bare_load() -> None:
    text = bench_page.tables({"1M": figures(7.0), "10M": figures(70.0)}, {"10M": figures(56.0)})
    assert "| **whole job** | 14.0 | 28.0 | 300 | 140 | 7.0 | 7.0 |" in text
    assert "| whole | 10.0 | 10.0 |" in text
    assert "| 10M, whole | abc: 112 s, 224 s | abc: 140 s, 280 s | 1.25 |" in text


def test_a_raised_memory_limit_is_said() -> None:
    assert "memory_limit" not in bench_page.tables({"1M": figures(7.0)}, {})
    assert "load before 0.1, `memory_limit` 12GB." in bench_page.tables(
        {"100M": figures(7.0) | {"memory_limit": bench.MEMORY_LIMITS["100M"]}}, {}
    )


def test_a_script_that_no_memory_suffices_for_is_said_to_have_failed(tmp_path: Path) -> None:
    log = tmp_path / "none.csv"
    assert bench._scripted(tmp_path, log) is None
    unfinished = {name: value for name, value in figures(7.0).items() if name != "script"}
    assert "| pandas script | did not finish |" in bench_page.tables({"1M": unfinished}, {})


def test_the_page_is_what_the_kept_output_prints() -> None:
    written, kept = (json.loads(path.read_text(encoding="utf-8"))["sizes"] for path in (bench.WRITTEN, bench.BASELINE))
    page = bench_page.PAGE.read_text(encoding="utf-8")
    between = page.partition(bench_page.BEGIN)[2].partition(bench_page.END)[0]
    assert between.strip() == bench_page.tables(written, kept).strip()


def test_a_log_of_months_is_its_files_in_their_order(tmp_path: Path) -> None:
    months = [tmp_path / f"calls_2025-{month:02}.csv" for month in (3, 1, 12)]
    for path in months:
        path.write_text("a\n", encoding="utf-8")
    assert bench.parts(tmp_path) == sorted(months)
    assert bench.parts(months[0]) == [months[0]]
    assert "MB of CSV in 12 files; one round" in bench_page.tables({"100M": figures(7.0) | {"log_files": 12}}, {})


def test_costs_one_after_the_other_add_up_and_the_peak_is_the_higher() -> None:
    one, other = measured.Cost(1.0, 2.0, 300.0, 4.0), measured.Cost(10.0, 20.0, 100.0, 40.0)
    assert one.and_then(other) == measured.Cost(11.0, 22.0, 300.0, 44.0)


def test_a_log_is_taken_away_file_by_file_once_it_is_in(tmp_path: Path) -> None:
    months = bench.make_months(tmp_path, 20, 60)
    assert len(months) == 2
    costs = whole_job.job(tmp_path / "home", months, "1GB", takes_away=True)
    assert costs["ingest"].seconds > 0
    assert not [path for path in tmp_path.rglob("calls_*.csv*") if path.is_file()]
    assert list(tmp_path.rglob("current.duckdb"))


def test_work_in_this_process_is_measured() -> None:
    cost = measured.here(lambda: sum(range(2_000_000)))
    assert cost.seconds > 0
    assert cost.processor_seconds > 0


def test_what_the_disk_will_not_hold_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = namedtuple("disk", "free")
    monkeypatch.setattr(bench.shutil, "disk_usage", lambda _: disk(free=50_000_000_000))
    bench.refuse_without_room("30M", tmp_path)
    with pytest.raises(SystemExit, match=r"100M wants 80 GB .* 50 GB free; --size 30M fits"):
        bench.refuse_without_room("100M", tmp_path)
    monkeypatch.setattr(bench.shutil, "disk_usage", lambda _: disk(free=1_000))
    with pytest.raises(SystemExit, match="no size fits"):
        bench.refuse_without_room("100k", tmp_path)
