"""The steps from settings to files."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from misuse.progress import Tracker
from misuse.synth import behaviour, calls, dirt, lines, population, ranges, rhythm, text, truth
from misuse.synth.settings import SyntheticReport, SyntheticSettings, fixture_settings

_STREAMS = (
    "town", "rhythm", "misuse", "genuine", "personas", "shared", "public", "lines", "shown", "facts", "text", "dirt",
)  # fmt: skip


def streams(seed: int) -> dict[str, np.random.Generator]:
    """One generator a part, so that a change in one part leaves the others as they were."""
    parts = np.random.SeedSequence(seed).spawn(len(_STREAMS))
    return {name: np.random.Generator(np.random.PCG64(part)) for name, part in zip(_STREAMS, parts, strict=True)}


def draw(settings: SyntheticSettings) -> tuple[text.Log, population.Town, lines.Holding]:
    """The whole log as arrays."""
    chance = streams(settings.seed)
    clock = rhythm.clock(settings.start, settings.days)
    town = population.town(settings, chance["town"])
    every = calls.all_calls(town, settings, clock, chance)
    every, holding = lines.assign(every, town, settings, clock, chance["lines"])
    often = np.zeros(int(every.person.max()) + 1, dtype=bool)
    often[town.misusers[town.spells.calls >= 7]] = True
    state = lines.shown(every, holding.kinds, often[every.person], chance["shown"])
    found = behaviour.facts(every, chance["facts"])
    day = (every.time + clock.offsets(every.time)) // 86400 - (clock.first + int(clock.hour_offsets[0])) // 86400
    log = text.Log(
        every, found, state, ranges.nationals(holding.kinds, drama=settings.drama), holding.kinds, town.shared,
        town.public, day.astype(np.int32), _numbers(day).astype(np.int32), clock, settings.start,
    )  # fmt: skip
    return log, town, holding


def _numbers(day: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """CAD numbers: from 1 each local day, in order of receipt."""
    firsts = np.searchsorted(day, np.arange(int(day[-1]) + 2))
    return np.arange(len(day)) - firsts[day] + 1


def build(settings: SyntheticSettings, out: Path, tracker: Tracker, *, log_only: bool = False) -> SyntheticReport:
    """Write the log and, unless `log_only`, the truth beside it."""
    with tracker.step("Drawing the calls"):
        log, town, holding = draw(settings)
    folders = out / "log", out / "truth"
    _clear(folders)
    months = _months(log)
    chance = streams(settings.seed)
    soil = dirt.Soil(chance["dirt"]) if settings.dirt else None
    files = []
    with tracker.step("Writing the log", total=float(len(months))) as bar:
        for name, where in months:
            path = folders[0] / f"calls_{name}.csv"
            # In no name of its own, or the last month's text would stand in memory beside the next one's.
            if soil:
                soil.write(text.month(log, where, chance["text"]), path, is_last=name == months[-1][0])
            else:
                write(text.month(log, where, chance["text"]), path)
            files.append(path)
            bar.advance()
    figures = {}
    if not log_only:
        with tracker.step("Writing what is true"):
            figures = truth.write(log, town, holding, settings, folders[1])
    found = soil.report(folders[1], rows=len(log.calls)) if soil else None
    rows = int(found["expected"]["rows"]) if found else len(log.calls)
    return SyntheticReport(folders[0], folders[1], tuple(files), rows, len(log.calls), figures, found)


def _clear(folders: tuple[Path, ...]) -> None:
    """Make the folders, and take away what an earlier log of ours left in them: nothing else."""
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        for pattern in ("calls_????-??.csv", *truth.FILES):
            for path in folder.glob(pattern):
                path.unlink()


def write(frame: pl.DataFrame, path: Path) -> None:
    """A month as UTF-8 CSV with LF and quotes where needed."""
    frame.write_csv(path, line_terminator="\n", quote_style="necessary")


def _months(log: text.Log) -> list[tuple[str, slice]]:
    """The calendar months of the log and the calls of each, which lie together."""
    days = [log.start + timedelta(n) for n in range(int(log.day[-1]) + 1)]
    names = sorted({day.strftime("%Y-%m") for day in days})
    edges = [next(n for n, day in enumerate(days) if day.strftime("%Y-%m") == name) for name in names]
    places = [*np.searchsorted(log.day, edges).tolist(), len(log.day)]
    spans = zip(names, places[:-1], places[1:], strict=True)
    return [(name, slice(first, last)) for name, first, last in spans if last > first]


def build_fixture(out: Path, tracker: Tracker) -> Path:
    """The committed fixture: the months of a small log in one file, and the truth's summary beside it."""
    settings = fixture_settings()
    with tracker.step("Writing the fixture"):
        log, town, holding = draw(settings)
        chance = streams(settings.seed)["text"]
        frame = pl.concat([text.month(log, where, chance) for _, where in _months(log)])
        out.parent.mkdir(parents=True, exist_ok=True)
        write(frame, out)
        figures = truth.summary(log, town, holding, settings)
        out.with_suffix(".truth.json").write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n", "utf-8")
    return out
