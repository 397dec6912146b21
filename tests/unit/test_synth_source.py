"""The synthetic log read back through its declared layout: exactly what was written, dirt accounted for."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from misuse import sources
from misuse.progress import Silent
from misuse.settings import Settings
from misuse.synth import SyntheticReport, SyntheticSettings, build, codes, make
from misuse.synth.dirt import REJECTED

# Over the night on which an hour repeats.
ASKED = SyntheticSettings(seed=5, start=date(2025, 10, 15), days=25, calls_per_day=500)
NOW = datetime(2026, 1, 1)


def read_back(path: Path, scratch: Path) -> tuple[pl.DataFrame, sources.SourceRead]:
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'")
    layout = sources.load_layout(Settings(), "synthetic")
    found = sources.read(con, path, layout, scratch=scratch, now=NOW, tracker=Silent())
    return con.execute("select * from parsed_rows").pl(), found


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[SyntheticReport, pl.DataFrame]:
    folder = tmp_path_factory.mktemp("clean")
    report = make(ASKED, folder)
    frames = [read_back(path, folder / "scratch")[0] for path in report.files]
    return report, pl.concat(frames).sort("received_at", "recording_ref")


def test_every_row_is_read_at_its_instant(clean: tuple[SyntheticReport, pl.DataFrame]) -> None:
    report, frame = clean
    true = pl.read_parquet(report.truth / "truth_calls.parquet")

    assert frame.height == report.rows
    assert frame["call_id"].n_unique() == report.rows
    assert (frame["received_at"] == true["received_at"]).all()
    assert (frame["closing_code"].fill_null("") == true["closing_code"]).all()
    assert (frame["markers"].fill_null("").str.to_lowercase() == true["markers"]).all()


def test_times_of_day_roll_to_their_instants(clean: tuple[SyntheticReport, pl.DataFrame]) -> None:
    _, frame = clean
    log, _, _ = build.draw(ASKED)
    facts, received = log.facts, log.calls.time
    # A wall time between one and two on the night of the change names two instants: the log cannot tell.
    change = int(datetime(2025, 10, 26, tzinfo=UTC).timestamp())
    plain = np.abs(received - change) > 3 * 3600

    for name, after in (
        ("answered_at", facts.answer),
        ("first_assigned_at", facts.assigned),
        ("arrived_at", facts.arrived),
    ):
        read = frame[name].dt.epoch("s").fill_null(-1).to_numpy()
        assert (read == np.where(after < 0, -1, received + after))[plain].all(), name
    ended = frame["ended_at"].dt.epoch("s").fill_null(-1).to_numpy()
    assert (ended == np.where(facts.talk < 0, -1, received + facts.answer + facts.talk))[plain].all()
    assert (frame["talk_seconds"].fill_null(-1).to_numpy() == facts.talk).all()
    assert (frame["unit_seconds"].to_numpy() == facts.unit_seconds).all()


def test_the_layout_names_the_catalogues_codes_and_markers() -> None:
    layout = sources.load_layout(Settings(), "synthetic")
    markers = {marker.upper() for markers in codes.MARKER_SETS for marker in markers.split(";") if marker}

    assert layout.misuse == {"closing_code": codes.MISUSE_CODES, "opening_code": codes.MISUSE_OPENING_CODES}
    assert layout.doubt == {"result_code": codes.NEED_RESULTS}
    assert set(layout.markers_supplied) == markers


def test_dirt_reconciles_exactly(tmp_path: Path) -> None:
    report = make(SyntheticSettings(**{**vars(ASKED), "dirt": True}), tmp_path)
    assert report.dirt is not None
    expected, totals = report.dirt["expected"], report.dirt["totals"]
    read = [read_back(path, tmp_path / "scratch") for path in report.files]
    frame = pl.concat([frame for frame, _ in read])
    versions = frame.group_by("call_id").agg(rows=pl.len(), versions=pl.col("version_rank").n_unique())

    assert report.files[-1].read_bytes()[-1:] != b"\n"
    assert sum(found.rows for _, found in read) == expected["rows"] == report.rows
    assert (
        sum(sum(found.rejected.values()) for _, found in read)
        == expected["rejected"]
        == sum(totals[k] for k in REJECTED)
    )
    assert versions.height == expected["accepted"]
    assert (versions["rows"] - versions["versions"]).sum() == expected["duplicate"]
    assert (versions["versions"] - 1).sum() == expected["superseded"]
    assert expected["rows"] == sum(expected[key] for key in ("accepted", "rejected", "duplicate", "superseded"))


def test_the_last_version_is_the_true_one(tmp_path: Path) -> None:
    report = make(SyntheticSettings(**{**vars(ASKED), "dirt": True}), tmp_path)
    true = pl.read_parquet(report.truth / "truth_calls.parquet").with_columns(
        call_id=pl.concat_str(["call_date", "call_number"], separator="/")
    )
    planted = pl.read_parquet(report.truth / "dirt.parquet").filter(pl.col("dirt") == "later_versions")
    written = [
        pl.read_csv(path.read_bytes().replace(b"\x92", b"'"), infer_schema=False, truncate_ragged_lines=True)
        for path in report.files[:-1]
    ]
    last = (
        pl.concat(written)
        .filter(pl.col("version") == "2")
        .with_columns(call_id=pl.concat_str(["call_date", "call_number"], separator="/"))
    )
    both = last.join(true, on="call_id", suffix="_true")

    assert planted.height == report.dirt["totals"]["later_versions"]  # type: ignore[index]
    assert both.height == last.height > 0
    assert (both["closing_code"] == both["closing_code_true"]).all()
