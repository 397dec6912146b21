"""What is true, written beside the log, and the figures both give when counted.

The count "by the log" here follows the definitions of the design with no code shared with the
pipeline: a second opinion on what a run should find.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from misuse.settings import RULES_ROOT
from misuse.synth import codes, lines, population, ranges
from misuse.synth.lines import Further, Holding
from misuse.synth.population import Town
from misuse.synth.settings import DAYS_PER_MONTH, SyntheticSettings
from misuse.synth.text import Log

THRESHOLD = 10
FILES = ("truth_calls.parquet", "truth_persons.parquet", "truth_numbers.parquet", "summary.json", "dirt.*")
_STATES = (*codes.CLI_STATUS, "MALFORMED", "PLACEHOLDER")
_TEN = pl.col("calls") >= THRESHOLD


def calls_frame(log: Log) -> pl.DataFrame:
    """One row per call: what the log's own columns are made of and what they hide."""
    calls, facts = log.calls, log.facts
    days = pl.date_range(log.start, pl.lit(log.start) + pl.duration(days=int(log.day[-1])), eager=True)
    words = pl.String
    return pl.DataFrame(
        {
            "call_date": days.gather(log.day).cast(words),
            "call_number": log.number.astype(np.int32),
            "received_at": pl.Series(calls.time * 1_000_000).cast(pl.Datetime("us")),
            "channel": pl.Series(codes.CHANNELS, dtype=words).gather(calls.channel),
            "person": calls.person.astype(np.int32),
            "role": pl.Series(population.ROLES, dtype=words).gather(calls.role),
            "line": calls.line.astype(np.int32),
            "line_kind": _line_kinds(log),
            "shown": pl.Series(_STATES, dtype=words).gather(log.state),
            "true_code": pl.Series(codes.CODE_NAMES, dtype=words).gather(calls.true_code),
            "closing_code": pl.Series(codes.CODE_NAMES, dtype=words).gather(calls.closing),
            "markers": pl.Series(codes.MARKER_SETS, dtype=words).gather(calls.marker),
            "is_coded_misuse": facts.is_coded_misuse,
            "is_truly_misuse": facts.is_truly_misuse,
            "is_doubtful": facts.is_doubtful,
            "handling_seconds": (np.maximum(facts.talk, 0) + facts.wrap).astype(np.int64),
        }
    )


def _line_kinds(log: Log) -> pl.Series:
    """mobile, fixed or voip; of a shared line, what place it is."""
    names = (*ranges.KINDS, *codes.SHARED_MARKERS)
    place = log.calls.line - log.public
    is_place = (place >= 0) & (place < len(log.shared.kind))
    shared = log.shared.kind[np.where(is_place, place, 0)] if len(log.shared.kind) else np.zeros_like(place)
    kind = np.where(is_place, shared + len(ranges.KINDS), log.kinds[log.calls.line])
    return pl.Series(names, dtype=pl.String).gather(kind)


def persons_frame(frame: pl.DataFrame, town: Town) -> pl.DataFrame:
    """One row per person who calls: part played, lines used, true misuse, spell."""
    spells = [town.spells, *town.persona_spells]
    people = [town.misusers, *town.persona_people]
    days = pl.DataFrame(
        {
            "person": np.concatenate(people).astype(np.int32),
            "spell_from_day": np.concatenate([spell.start for spell in spells]),
            "spell_days": np.concatenate([spell.length for spell in spells]),
        }
    )
    emergency = pl.col("channel") == "999"
    misuse = pl.col("is_truly_misuse") & emergency
    # Someone with a part to play also makes calls as one of the public.
    part = pl.col("role").filter(pl.col("role") != "caller").first()
    return (
        frame.group_by("person", maintain_order=True)
        .agg(
            role=pl.coalesce(part, pl.lit("caller")),
            calls=pl.len(),
            lines=pl.col("line").n_unique(),
            coded_misuse_calls=(pl.col("is_coded_misuse") & emergency).sum(),
            true_misuse_calls=misuse.sum(),
            first_misuse_at=pl.col("received_at").filter(misuse).min(),
            last_misuse_at=pl.col("received_at").filter(misuse).max(),
        )
        .with_columns(is_truly_persistent=pl.col("true_misuse_calls") >= THRESHOLD)
        .join(days, on="person", how="left", maintain_order="left")
        .sort("person")
    )


def numbers_frame(log: Log, holding: Holding, frame: pl.DataFrame) -> pl.DataFrame:
    """One row per number and holder: whose it was, from when, until when (blank: throughout)."""
    handed, further = holding.handed, holding.further
    ends = [pl.DataFrame({"line": handed.line, "until": handed.until}), *_given_up(further)]
    until = pl.concat(ends).group_by("line").agg(pl.col("until").min()).cast({"line": pl.Int32})
    since = pl.DataFrame({"person": handed.to.astype(np.int32), "since": handed.since})
    changed = pl.DataFrame(
        {
            "line": np.concatenate([part.line for part in further]).astype(np.int32),
            "changed": np.concatenate([part.since for part in further]),
        }
    )
    is_next = pl.col("person").is_in(handed.to.tolist())
    held_from = pl.when(is_next).then(pl.col("since")).otherwise(pl.col("changed"))
    place = (pl.col("line") >= log.public) & (pl.col("line") < log.public + len(log.shared.kind))
    pairs = frame.select("line", "person", "line_kind").unique(["line", "person"], maintain_order=True).sort(pl.all())
    held = (
        pairs.join(until, on="line", how="left")
        .join(since, on="person", how="left")
        .join(changed, on="line", how="left")
        .select(
            pl.lit("+44").add(pl.Series("n", log.national[pairs["line"]]).cast(pl.String)).alias("number"),
            "line",
            pl.when(place).then(None).otherwise("person").alias("person"),
            "line_kind",
            held_from=pl.from_epoch(held_from).cast(pl.Datetime("us")),
            held_until=pl.from_epoch(pl.when(~is_next).then("until")).cast(pl.Datetime("us")),
        )
    )
    return held.unique(maintain_order=True)


def _has_any(markers: Iterable[str]) -> pl.Expr:
    return pl.col("markers").str.split(";").list.eval(pl.element().is_in(sorted(markers))).list.any()


def _given_up(further: tuple[Further, ...]) -> list[pl.DataFrame]:
    """Lines that a new SIM took the place of: a person's own, and of the second where there is a third."""
    changed = [(part.person[part.is_instead], part.since[part.is_instead]) for part in further]
    own = [pl.DataFrame({"line": person, "until": since}) for person, since in changed]
    second = pl.DataFrame({"person": further[0].person, "line": further[0].line})
    third = pl.DataFrame({"person": changed[-1][0], "until": changed[-1][1]})
    return [*own, second.join(third, on="person").select("line", "until")]


@cache
def stop_markers(scope: str) -> frozenset[str]:
    """The log's markers that the rules in force make a hard stop of this scope."""
    document = tomllib.loads((RULES_ROOT / "hard_stops.toml").read_text(encoding="utf-8"))
    rules = [rule for rule in document["rule"] if rule.get("is_stop") and rule["scope"] == scope]
    return frozenset(marker for rule in rules for marker in rule.get("markers", ())) & frozenset(codes.MARKERS)


def counted_by_log(frame: pl.DataFrame) -> dict[str, Any]:
    """The headline as a run should find it: by number, stops, doubts and shared lines taken off."""
    marked = frame.filter(pl.col("markers") != "").with_columns(
        call_stop=_has_any(stop_markers("call")),
        line_stop=_has_any(stop_markers("caller")),
        shared=_has_any(codes.SHARED_MARKERS),
    )
    shown = pl.col("shown") == "PRESENTED"
    stopped_lines = marked.filter(shown & pl.col("line_stop"))["line"].unique()
    alarm_lines = pl.col("markers").is_in(["care_alarm", "medical_alarm"])
    shared_lines = marked.filter(shown & (pl.col("shared") | alarm_lines))["line"].unique()
    coded = frame.filter(pl.col("is_coded_misuse") & (pl.col("channel") == "999")).with_columns(
        is_shown=shown,
        is_stopped=_has_any(stop_markers("call") | stop_markers("caller")).fill_null(False)
        | (shown & pl.col("line").is_in(stopped_lines.implode())),
    )
    kept = coded.filter(~pl.col("is_stopped") & ~pl.col("is_doubtful"))
    known = kept.filter("is_shown")
    callers = known.filter(~pl.col("line").is_in(shared_lines.implode())).group_by("line").agg(calls=pl.len())
    persistent = callers.filter(_TEN)
    by_number = coded.filter("is_shown").group_by("line").agg(calls=pl.len(), stopped=pl.col("is_stopped").sum())
    ten = by_number.filter(_TEN)
    stopped = ten.filter((pl.col("calls") - pl.col("stopped")) < THRESHOLD)
    calls = int(persistent["calls"].sum())
    return {
        "coded_misuse_calls": coded.height,
        "misuse_calls": kept.height,
        "stopped_calls": int(coded["is_stopped"].sum()),
        "doubtful_calls": int((coded["is_doubtful"] & ~coded["is_stopped"]).sum()),
        "unidentified_misuse_calls": kept.height - known.height,
        "numbers_with_ten_coded": ten.height,
        "of_them_stopped_below_ten": stopped.height,
        "of_them_on_marked_shared_lines": ten.filter(pl.col("line").is_in(shared_lines.implode())).height,
        "persistent_callers": persistent.height,
        "persistent_misuse_calls": calls,
        "share_of_misuse": _share(calls, kept.height),
        "share_2005_count": _share(int(ten["calls"].sum()), coded.height),
        "top_callers": persistent["calls"].sort(descending=True).head(10).to_list(),
    }


def counted_by_person(frame: pl.DataFrame) -> dict[str, Any]:
    """The same share in truth: true misuse, by the person who made it."""
    misuse = frame.filter(pl.col("is_truly_misuse") & (pl.col("channel") == "999"))
    persistent = misuse.group_by("person").agg(calls=pl.len()).filter(_TEN)
    calls = int(persistent["calls"].sum())
    return {
        "misuse_calls": misuse.height,
        "persistent_persons": persistent.height,
        "persistent_misuse_calls": calls,
        "share_of_misuse": _share(calls, misuse.height),
        "top_persons": persistent["calls"].sort(descending=True).head(10).to_list(),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def summary(
    log: Log, town: Town, holding: Holding, settings: SyntheticSettings, frame: pl.DataFrame | None = None
) -> dict[str, Any]:
    """The figures a reader checks a run against."""
    frame = calls_frame(log) if frame is None else frame
    emergency = frame.filter(pl.col("channel") == "999")
    coded = emergency.filter("is_coded_misuse")
    streams = coded.filter(pl.col("role") == "misuser")
    months = settings.days / DAYS_PER_MONTH
    return {
        "seed": settings.seed,
        "reading": settings.reading,
        "start": settings.start.isoformat(),
        "days": settings.days,
        "calls": frame.height,
        "calls_999": emergency.height,
        "coded_misuse_per_month": round(coded.height / months, 1),
        "wrong_share_of_misusers_codes": _share(streams.filter(~pl.col("is_truly_misuse")).height, streams.height),
        "talk_plus_wrap_median_misuse": coded["handling_seconds"].median(),
        "number_absent_999": _absent(emergency),
        "number_absent_101": _absent(frame.filter(pl.col("channel") == "101")),
        "misusers": len(town.misusers),
        "people_with_several_numbers": len(holding.further[0].person),
        "numbers_handed_on": len(holding.handed.line),
        "shared_lines": len(log.shared.kind),
        "by_person": counted_by_person(frame),
        "by_log": counted_by_log(frame),
    }


def _absent(frame: pl.DataFrame) -> float:
    states = (_STATES[lines.ROAMING], _STATES[lines.VOIP], _STATES[lines.FAULT], _STATES[lines.WITHHELD])
    return _share(frame.filter(pl.col("shown").is_in(states)).height, frame.height)


def write(log: Log, town: Town, holding: Holding, settings: SyntheticSettings, folder: Path) -> dict[str, Any]:
    """The truth's tables and its figures."""
    frame = calls_frame(log)
    frame.write_parquet(folder / "truth_calls.parquet")
    persons_frame(frame, town).write_parquet(folder / "truth_persons.parquet")
    numbers_frame(log, holding, frame).write_parquet(folder / "truth_numbers.parquet")
    figures = summary(log, town, holding, settings, frame)
    (folder / "summary.json").write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return figures
