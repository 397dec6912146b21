"""An invented published file: every relation of schemas.PUBLISHED, seeded, small, with no real person in it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from misuse import schemas

AS_OF = date(2025, 12, 31)
RUN_ID = "20260101T023100Z-0a1b2c3d"
LOG_START = date(2025, 1, 1)
WINDOWS = {"headline": 365, "since_log_start": 365, "d365": 365, "d90": 90, "d30": 30}
BOROUGHS = ["Camden", "Croydon", "Hackney", "Lambeth", "Newham", "Southwark"]
MISUSE_CODES = ["HOAX CALL", "MALICIOUS CALL", "ABUSIVE CALLER", "NUISANCE 999"]
GENUINE_CODES = ["CONCERN FOR SAFETY", "BURGLARY", "ROAD TRAFFIC COLLISION", "DISTURBANCE"]
THRESHOLD = 10
CAPACITY = 12


def create(path: Path, rows: dict[str, pl.DataFrame] | None = None) -> Path:
    """Every published relation, holding the rows given and empty where none are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as con:
        con.execute("set TimeZone = 'UTC'")
        for relation in schemas.PUBLISHED:
            columns = ", ".join(f"{column.name} {column.type}" for column in relation.columns)
            con.execute("create table " + relation.name + " (" + columns + ")")
            frame = (rows or {}).get(relation.name)
            if frame is not None and frame.height:
                con.register("incoming", _whole(frame, relation))
                con.table("incoming").insert_into(relation.name)
                con.unregister("incoming")
    return path


def _whole(frame: pl.DataFrame, relation: schemas.Relation) -> pl.DataFrame:
    """The relation's columns in order, null where the frame has none; a column too many is a mistake."""
    unknown = set(frame.columns) - set(relation.column_names)
    assert not unknown, (relation.name, unknown)
    missing = [pl.lit(None).alias(name) for name in relation.column_names if name not in frame.columns]
    return frame.with_columns(missing).select(relation.column_names)


def build(path: Path, *, persons: int = 40, seed: int = 20051208, **changes: pl.DataFrame) -> Path:
    """A whole invented year with `persons` persistent callers; `changes` replace relations by name."""
    rows = invented(persons, seed)
    rows.update(changes)
    return create(path, rows)


def empty(path: Path) -> Path:
    """A run with nothing in it but its own row: no calls, no callers, no months."""
    return create(path, {"runs": pl.DataFrame([_run_row(0, 0, 0)])})


def invented(persons: int, seed: int) -> dict[str, pl.DataFrame]:
    """Frames for every relation, agreeing with one another."""
    rng = np.random.default_rng(seed)
    calls = _calls(rng, persons)
    windows = _windows(calls)
    persistent = _persistent(windows)
    tasking = _tasking(rng, calls, windows, persistent)
    return {
        "calls": calls,
        "callers": _callers(calls),
        "caller_spells": _spells(calls),
        "windows": _spans(),
        "caller_windows": windows,
        "persistent_callers": persistent,
        "estimates": _estimates(calls, persistent),
        "bridge": _bridge(calls, persistent),
        "concentration": _concentration(windows),
        "misuse_monthly": _monthly(calls, persistent),
        "demand_daily": _daily(calls),
        "misuse_parts": _parts(calls, persistent),
        "tasking_list": tasking,
        "look_list": _look(calls, persistent),
        "cases": _cases(tasking),
        "case_moves": _moves(tasking),
        "runs": pl.DataFrame([_run_row(calls.height, int(calls["is_misuse"].sum()), persistent.height)]),
    }


def _run_row(calls: int, misuse_calls: int, persistent: int) -> dict[str, Any]:
    return {
        "run_id": RUN_ID,
        "as_of": AS_OF,
        "started_at": datetime(2026, 1, 1, 2, 30),
        "finished_at": datetime(2026, 1, 1, 2, 31),
        "status": "published",
        "code_version": "0.1.0",
        "calls": calls,
        "misuse_calls": misuse_calls,
        "persistent_callers": persistent,
        "failed_checks": list[str](),
        "warned_checks": list[str](),
    }


def caller_id(number: int) -> str:
    return "c" + format(0x9E3779B97F4A7C15 * (number + 1) % 2**64, "016x")


def case_ref(caller: str) -> str:
    return "K-" + caller[1:11].upper()


def _calls(rng: np.random.Generator, persons: int) -> pl.DataFrame:
    """Persistent persons in spells, people who call once or twice, and calls without a number."""
    counts = (THRESHOLD + 2 + rng.pareto(1.3, persons) * 12).astype(int).clip(THRESHOLD + 2, 300)
    heavy = np.repeat(np.arange(persons), counts)
    centre, spread = rng.integers(20, 345, persons), rng.integers(8, 70, persons)
    evening = rng.integers(0, 24, persons)
    day = (centre[heavy] + spread[heavy] * rng.standard_normal(heavy.size)).clip(0, 364).astype(int)
    hour = (evening[heavy] + 2.5 * rng.standard_normal(heavy.size)).astype(int) % 24
    extra = rng.integers(0, persons, persons * 6) if persons else np.array([], dtype=int)
    light, ordinary, absent = 900, 30_000, 160
    who = np.concatenate(
        [heavy, extra, persons + rng.integers(0, 500, light), 9000 + np.arange(ordinary), -np.ones(absent)]
    )
    rest = who.size - heavy.size
    days = np.concatenate([day, rng.integers(0, 365, rest)])
    hours = np.concatenate([hour, (13 + 6 * rng.standard_normal(rest)).astype(int) % 24])
    coded = np.concatenate(
        [np.ones(heavy.size), np.zeros(extra.size), np.ones(light), np.zeros(ordinary), np.ones(absent)]
    )
    return _call_frame(rng, who.astype(int), days, hours, coded.astype(bool), persons)


def _call_frame(rng, who, days, hours, coded, persons) -> pl.DataFrame:  # type: ignore[no-untyped-def]
    size = who.size
    seconds = days * 86400 + hours * 3600 + rng.integers(0, 3600, size)
    received = np.datetime64(LOG_START, "s") + seconds
    stopped = coded & (rng.random(size) < 0.03) | (who == persons + 1)
    doubtful = coded & ~stopped & (rng.random(size) < 0.02)
    unmeasured = rng.random(size) < 0.05
    talk = rng.gamma(2.0, 60.0, size).astype(int)
    units = np.where(rng.random(size) < 0.12, rng.integers(600, 5400, size), 0)
    ids = np.array([caller_id(int(number)) if number >= 0 else None for number in who], dtype=object)
    frame = pl.DataFrame(
        {
            "call_key": [format(number, "032x") for number in range(size)],
            "source": "invented",
            "spell_id": pl.Series([name and "s" + name[1:] for name in ids], dtype=pl.String, strict=False),
            "caller_id": pl.Series(ids, dtype=pl.String, strict=False),
            "channel": "999",
            "number_kind": np.where(who >= 0, "mobile", "absent"),
            "received_at": received.astype("datetime64[us]"),
            "talk_seconds": talk,
            "wrap_seconds": talk // 3,
            "closing_code": np.where(coded, rng.choice(MISUSE_CODES, size), rng.choice(GENUINE_CODES, size)),
            "grade": rng.choice(["I", "S", "E", "R"], size),
            "borough": np.array(BOROUGHS)[(who % 4 + (rng.random(size) < 0.2) * 2) % len(BOROUGHS)],
            "units_assigned": (units > 0).astype(int),
            "unit_seconds": units,
            "is_coded_misuse": coded,
            "is_stopped": stopped,
            "is_doubtful": doubtful,
            "doubt_kind": ["contradicted" if one else None for one in doubtful],
            "is_misuse": coded & ~stopped & ~doubtful,
            "unmeasured": unmeasured,
        }
    ).sort("received_at", "call_key")
    local = (
        pl.col("received_at")
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone("Europe/London")
        .dt.replace_time_zone(None)
    )
    return (
        frame.with_columns(
            received_local=local,
            identity_kind=pl.when(pl.col("caller_id").is_not_null()).then(pl.lit("person")),
            handling_seconds=pl.when(~pl.col("unmeasured")).then(pl.col("talk_seconds") + pl.col("wrap_seconds")),
        )
        .with_columns(
            local_date=pl.col("received_local").dt.date(), local_hour=pl.col("received_local").dt.hour().cast(pl.UInt8)
        )
        .drop("unmeasured")
    )


def _in_window(calls: pl.DataFrame, days: int) -> pl.DataFrame:
    return calls.filter(pl.col("local_date") > AS_OF - timedelta(days=days))


def _spans() -> pl.DataFrame:
    to = datetime(2026, 1, 1)
    whole = {"run_id": RUN_ID, "as_of": AS_OF, "threshold": THRESHOLD, "shared_line_threshold": 15}
    whole |= {"channel": "999", "reporting_zone": "Europe/London"}
    return pl.DataFrame(
        [
            {
                "window_name": name, "window_from": to - timedelta(days=days), "window_to": to,
                "first_date": AS_OF - timedelta(days=days - 1), "last_date": AS_OF, **whole,
            }
            for name, days in WINDOWS.items()
        ]
    )  # fmt: skip


def _windows(calls: pl.DataFrame) -> pl.DataFrame:
    to = datetime(2026, 1, 1)
    misuse = pl.col("is_misuse")
    frames = [
        _in_window(calls, days)
        .filter(pl.col("is_coded_misuse") & pl.col("caller_id").is_not_null())
        .group_by("caller_id")
        .agg(
            window_name=pl.lit(name),
            window_from=pl.lit(to - timedelta(days=days)),
            window_to=pl.lit(to),
            coded_misuse_calls=pl.len(),
            stopped_calls=pl.col("is_stopped").sum(),
            doubtful_calls=pl.col("is_doubtful").sum(),
            misuse_calls=misuse.sum(),
            episodes=pl.col("received_at").filter(misuse).dt.truncate("3h").n_unique(),
            active_days=pl.col("local_date").filter(misuse).n_unique(),
            most_misuse_calls_month=pl.col("local_date").filter(misuse).dt.truncate("1mo").unique_counts().max(),
            handling_seconds=pl.col("handling_seconds").filter(misuse).sum(),
            unit_seconds=pl.col("unit_seconds").filter(misuse).sum(),
            first_misuse_at=pl.col("received_at").filter(misuse).min(),
            last_misuse_at=pl.col("received_at").filter(misuse).max(),
            tenth_misuse_at=pl.col("received_at").filter(misuse).sort().get(THRESHOLD - 1, null_on_oob=True),
        )
        .with_columns(is_persistent=pl.col("misuse_calls") >= THRESHOLD)
        for name, days in WINDOWS.items()
    ]
    return pl.concat(frames).sort("window_name", "caller_id")


def _persistent(windows: pl.DataFrame) -> pl.DataFrame:
    headline = windows.filter(pl.col("window_name") == "headline")
    total = headline["misuse_calls"].sum() + 160
    return (
        headline.filter("is_persistent")
        .sort("misuse_calls", "handling_seconds", "caller_id", descending=[True, True, False])
        .with_columns(
            run_id=pl.lit(RUN_ID),
            as_of=pl.lit(AS_OF),
            rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32),
            share_of_misuse=pl.col("misuse_calls") / max(total, 1),
        )
        .select(c for c in schemas.PERSISTENT_CALLERS.column_names)
    )


def _callers(calls: pl.DataFrame) -> pl.DataFrame:
    known = calls.filter(pl.col("caller_id").is_not_null())
    return (
        known.group_by("caller_id")
        .agg(
            identity_kind=pl.lit("person"),
            identity_basis=pl.lit("single_number"),
            number_count=pl.lit(1),
            number_kinds=pl.lit("mobile").implode(),
            first_call_at=pl.col("received_at").min(),
            last_call_at=pl.col("received_at").max(),
            calls=pl.len(),
            coded_misuse_calls=pl.col("is_coded_misuse").sum(),
            stopped_calls=(pl.col("is_coded_misuse") & pl.col("is_stopped")).sum(),
            doubtful_calls=pl.col("is_doubtful").sum(),
            misuse_calls=pl.col("is_misuse").sum(),
            genuine_calls=(~pl.col("is_coded_misuse")).sum(),
            is_stopped=pl.lit(False),
            support_first=pl.lit(False),
            home_borough=pl.col("borough").mode().sort().first(),
            home_borough_basis=pl.lit("most_calls"),
        )
        .sort("caller_id")
    )


def _spells(calls: pl.DataFrame) -> pl.DataFrame:
    """Everybody has one number, linked to nobody's."""
    own = pl.col("caller_id")
    return (
        calls.filter(own.is_not_null())
        .group_by("spell_id", "caller_id")
        .agg(
            number_kind=pl.lit("mobile"),
            first_call_at=pl.col("received_at").min(),
            last_call_at=pl.col("received_at").max(),
            calls=pl.len(),
            identity_kind=pl.lit("person"),
        )
        .with_columns(standard_id=own, loose_id=own, reach_id=own)
        .sort("spell_id")
    )


def _estimate(name: str, point: float | None, unit: str, **more: float) -> dict[str, Any]:
    spread = {"low": None, "high": None, "bound_low": None, "bound_high": None, "numerator": None, "denominator": None}
    base = {"run_id": RUN_ID, "as_of": AS_OF, "estimate": name, "counted_by": "caller", "unit": unit, "point": point}
    return {**base, **spread, **more, "method": "invented for a test"}


def _estimates(calls: pl.DataFrame, persistent: pl.DataFrame) -> pl.DataFrame:
    coded, doubtful, misuse = (float(calls[f"is_{kind}"].sum()) for kind in ("coded_misuse", "doubtful", "misuse"))
    unknown = float(calls.filter(pl.col("caller_id").is_null())["is_misuse"].sum())
    made = float(persistent["misuse_calls"].sum())
    share, a_day = made / misuse, calls.height / 365
    interval = {"low": share - 0.03, "high": share + 0.03, "bound_low": share, "bound_high": share + 0.05}
    rows = [
        _estimate("coded_misuse_calls", coded, "calls"),
        _estimate("stopped_calls", coded - doubtful - misuse, "calls"),
        _estimate("doubtful_calls", doubtful, "calls"),
        _estimate("misuse_calls", misuse, "calls"),
        _estimate("unidentified_misuse_calls", unknown, "calls"),
        _estimate("persistent_callers", float(persistent.height), "callers"),
        _estimate("persistent_misuse_calls", made, "calls"),
        _estimate("share_of_misuse", share, "share", numerator=made, denominator=misuse, **interval),
        _estimate("share_of_handling", share * 0.9, "share", low=share * 0.85, high=share * 0.95),
        _estimate("share_of_deployment", None, "share"),
        _estimate("days_work_persistent", made / 12 / a_day, "days_a_month", low=0.9 * made / 12 / a_day, high=1.1 * made / 12 / a_day),
        _estimate("days_work_all_misuse", misuse / 12 / a_day, "days_a_month"),
        _estimate("hours_persistent", 21.4, "hours_a_month"),
        _estimate("hours_all_misuse", 44.0, "hours_a_month"),
    ]  # fmt: skip
    counted = {"persistent_callers", "persistent_misuse_calls", "share_of_misuse"}
    plain = [{**row, **dict.fromkeys(interval)} for row in rows if row["estimate"] in counted]
    rows += [{**row, "counted_by": level} for level in ("standard", "loose", "number") for row in plain]
    both = [row | {"window_name": name} for name in ("headline", "since_log_start") for row in rows]
    return pl.DataFrame(both, infer_schema_length=None)


def _bridge(calls: pl.DataFrame, persistent: pl.DataFrame) -> pl.DataFrame:
    coded, misuse = int(calls["is_coded_misuse"].sum()), int(calls["is_misuse"].sum())
    stopped = int((calls["is_coded_misuse"] & calls["is_stopped"]).sum())
    made, people = int(persistent["misuse_calls"].sum()), persistent.height
    steps = [
        ("coded_misuse", 540 + people, coded, coded),
        ("by_number", people + 5, made + 260, coded),
        ("less_stopped", people + 4, made + 180, coded - stopped),
        ("less_doubtful", people + 3, made + 150, misuse),
        ("less_unidentified", people + 2, made + 60, misuse),
        ("less_shared_lines", people, made, misuse),
        ("after_linkage", people, made, misuse),
    ]
    return pl.DataFrame(
        [
            {
                "run_id": RUN_ID,
                "as_of": AS_OF,
                "window_name": window,
                "step_number": number,
                "step": step,
                "callers": callers,
                "calls": made_calls,
                "misuse_calls": of,
                "share": made_calls / of,
            }
            for window in ("headline", "since_log_start")
            for number, (step, callers, made_calls, of) in enumerate(steps, 1)
        ]
    )


def _concentration(windows: pl.DataFrame) -> pl.DataFrame:
    frame = (
        windows.filter((pl.col("window_name") == "headline") & (pl.col("misuse_calls") > 0))
        .group_by("misuse_calls")
        .agg(callers=pl.len())
        .sort("misuse_calls", descending=True)
        .with_columns(calls=pl.col("misuse_calls") * pl.col("callers"))
    )
    return frame.with_columns(
        share_of_callers=pl.col("callers").cum_sum() / pl.col("callers").sum(),
        share_of_calls=pl.col("calls").cum_sum() / pl.col("calls").sum(),
    ).sort("misuse_calls")


def _parts(calls: pl.DataFrame, persistent: pl.DataFrame) -> pl.DataFrame:
    """Misuse by code, hour, borough and whether 101 would have served, by who made it."""
    is_person, is_persistent = (
        pl.col("identity_kind") == "person",
        pl.col("caller_id").is_in(persistent["caller_id"].implode()),
    )
    parts = {
        "code": pl.col("closing_code"),
        "hour": pl.col("local_hour").cast(pl.String).str.zfill(2),
        "borough": pl.col("borough").fill_null("not recorded"),
        "101 would have served": pl.lit("no"),
    }
    frames = [
        calls.filter(pl.col("is_misuse") & (pl.col("channel") == "999"))
        .group_by(value=value)
        .agg(
            misuse_calls=pl.len(),
            persistent_misuse_calls=is_persistent.sum(),
            below_misuse_calls=(is_person & ~is_persistent).sum(),
            apart_misuse_calls=(~is_person).sum(),
            unidentified_misuse_calls=pl.col("caller_id").is_null().sum(),
            below_callers=pl.col("caller_id").filter(is_person & ~is_persistent).n_unique(),
            handling_seconds=pl.col("handling_seconds").sum(),
        )
        .with_columns(part=pl.lit(part), run_id=pl.lit(RUN_ID), as_of=pl.lit(AS_OF))
        for part, value in parts.items()
    ]
    return pl.concat(frames).sort("part", "value")


def _monthly(calls: pl.DataFrame, persistent: pl.DataFrame) -> pl.DataFrame:
    ours = pl.col("is_misuse") & pl.col("caller_id").is_in(persistent["caller_id"].to_list()).fill_null(False)
    return (
        calls.group_by(month=pl.col("local_date").dt.truncate("1mo"))
        .agg(
            is_whole=pl.lit(True),
            days=pl.col("local_date").n_unique(),
            calls=pl.len(),
            misuse_calls=pl.col("is_misuse").sum(),
            persistent_misuse_calls=ours.sum(),
            unidentified_misuse_calls=(pl.col("is_misuse") & pl.col("caller_id").is_null()).sum(),
            handling_seconds=pl.col("handling_seconds").sum(),
            misuse_handling_seconds=pl.col("handling_seconds").filter(pl.col("is_misuse")).sum(),
            persistent_handling_seconds=pl.col("handling_seconds").filter(ours).sum(),
            misuse_unit_seconds=pl.col("unit_seconds").filter(pl.col("is_misuse")).sum(),
            persistent_unit_seconds=pl.col("unit_seconds").filter(ours).sum(),
        )
        .with_columns(mean_calls_per_day=pl.col("calls") / pl.col("days"))
        .sort("month")
    )


def _daily(calls: pl.DataFrame) -> pl.DataFrame:
    misuse = pl.col("is_misuse")
    return (
        calls.group_by("local_date", "channel", "borough")
        .agg(
            calls=pl.len(),
            coded_misuse_calls=pl.col("is_coded_misuse").sum(),
            misuse_calls=misuse.sum(),
            unidentified_misuse_calls=(misuse & pl.col("caller_id").is_null()).sum(),
            handling_seconds=pl.col("handling_seconds").sum(),
            unit_seconds=pl.col("unit_seconds").sum(),
        )
        .sort("local_date", "channel", "borough")
    )


def _part(rank: int) -> int:
    return 1 if rank <= 3 else 2 if rank in (6, 9, 14, 20) else 3 if rank <= 10 else 4


LANES = ("support", "engagement", "enforcement", "technical")
OPTIONS = (
    ["Join the case to the health liaison panel", "Ask the caller's general practitioner for a joint care plan"],
    ["Visit by the neighbourhood team to learn what lies behind the calls", "Letter to the registered keeper of the line", "Acceptable behaviour contract"],
    ["Community protection warning, served in person", "Criminal behaviour order, on conviction"],
    ["Ask the network to test the handset and its emergency button", "Text explaining how to turn the emergency shortcut off"],
)  # fmt: skip


def _tasking(rng, calls, windows, persistent) -> pl.DataFrame:  # type: ignore[no-untyped-def]
    genuine = calls.filter(~pl.col("is_coded_misuse")).group_by("caller_id").agg(genuine_calls_window=pl.len())
    boroughs = (
        calls.filter("is_misuse").group_by("caller_id", "borough").len().sort("len", "borough", descending=[True, False])
        .group_by("caller_id", maintain_order=True).agg(boroughs=pl.col("borough"))
    )  # fmt: skip
    counted = windows.pivot("window_name", index="caller_id", values="misuse_calls").fill_null(0)
    frame = (
        persistent.join(counted, on="caller_id", maintain_order="left")
        .join(genuine, on="caller_id", how="left", maintain_order="left")
        .join(boroughs, on="caller_id", how="left", maintain_order="left")
        .join(windows.filter(pl.col("window_name") == "headline").select("caller_id", "first_misuse_at"), on="caller_id", maintain_order="left")
    )  # fmt: skip
    return pl.DataFrame([_tasking_row(row) for row in frame.iter_rows(named=True)], infer_schema_length=None)


def _tasking_row(row: dict[str, Any]) -> dict[str, Any]:
    rank, part = row["rank"], _part(row["rank"])
    misuse, lane = row["misuse_calls"], LANES[row["rank"] % 4]
    return {
        "run_id": RUN_ID,
        "as_of": AS_OF,
        "rank": rank,
        "part": part,
        "case_ref": case_ref(row["caller_id"]),
        "caller_id": row["caller_id"],
        "identity_kind": "person",
        "misuse_calls_lifetime": row["since_log_start"],
        "misuse_calls_d365": row["d365"],
        "misuse_calls_d90": row["d90"],
        "misuse_calls_d30": row["d30"],
        "misuse_calls_window": misuse,
        "episodes": row["episodes"],
        "genuine_calls_window": row["genuine_calls_window"] or 0,
        "p_at_least_threshold": None,
        "handling_hours": None if rank == 5 else row["handling_seconds"] / 3600,
        "unit_hours": None if rank % 6 == 5 else row["unit_seconds"] / 3600,
        "boroughs": row["boroughs"],
        "flags": [["burst", "new"], ["support_first"], [], ["quiet_30_days"]][rank % 4],
        "lane": lane,
        "options": OPTIONS[rank % 4],
        "owner": "Hackney neighbourhoods" if part == 1 else None,
        "review_date": AS_OF + timedelta(days=rank) if part == 1 else None,
        "status": "action agreed" if part == 1 else "open" if part < 4 else "waiting",
        "reasons": [
            "Made " + str(misuse) + " misuse calls in the 365 days to 31 December 2025; 10 is the threshold.",
            "The calls fall in " + str(row["episodes"]) + " episodes: more than one bad night.",
        ],
        "doubts": [] if rank == 4 else ["Handlers' closing codes have not been double-coded, so some may be wrong."],
        "is_new": part == 2,
        "unconfirmed_links": 0,
        "misuse_calls_confirmed": misuse,
        "enforcement_bars": list[str](),
        "first_misuse_at": row["first_misuse_at"],
        "last_misuse_at": row["last_misuse_at"],
        "tenth_misuse_at": row["tenth_misuse_at"],
    }


def _look(calls: pl.DataFrame, persistent: pl.DataFrame) -> pl.DataFrame:
    stopped = calls.filter("is_coded_misuse").group_by("caller_id").agg(
        coded_misuse_calls=pl.len(),
        stopped_calls=pl.col("is_stopped").sum(),
        doubtful_calls=pl.col("is_doubtful").sum(),
        misuse_calls=pl.col("is_misuse").sum(),
        last_call_at=pl.col("received_at").max(),
    ).filter(pl.col("caller_id").is_not_null() & ((pl.col("coded_misuse_calls") >= THRESHOLD) | (pl.col("stopped_calls") > 0))).sort("coded_misuse_calls", "caller_id", descending=[True, False])  # fmt: skip
    rows = [
        {
            "run_id": RUN_ID,
            "as_of": AS_OF,
            "case_ref": case_ref(row["caller_id"]),
            "identity_kind": "person",
            "look_reasons": (["ten_or_more_coded"] if row["coded_misuse_calls"] >= THRESHOLD else [])
            + (["hard_stop"] if row["stopped_calls"] else []),
            "calls_d30": number % 7,
            "calls_prior_d30": number % 5,
            "is_stopped": row["stopped_calls"] > 0,
            "support_first": number % 9 == 0,
            "is_urgent": number % 11 == 3,
            "is_new": number % 6 == 0,
            "duty_role": "Metcall duty officer",
            "acknowledged_at": None,
            **row,
        }
        for number, row in enumerate(stopped.iter_rows(named=True))
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _cases(tasking: pl.DataFrame) -> pl.DataFrame:
    if tasking.is_empty():
        return tasking
    return tasking.filter(pl.col("part") < 4).select(
        "case_ref",
        "caller_id",
        "status",
        "owner",
        "review_date",
        opened_at=pl.lit(datetime(2025, 12, 15, 7)),
        lane=pl.when(pl.col("part") == 1).then("lane"),
        moves=pl.when(pl.col("part") == 1).then(2).otherwise(0),
    )


def _moves(tasking: pl.DataFrame) -> pl.DataFrame:
    if tasking.is_empty():
        return tasking
    rows = [
        {
            "move_id": number,
            "case_ref": row["case_ref"],
            "caller_id": row["caller_id"],
            "moved_at": datetime(2025, 12, 1 + 15 * (number % 2), 10),
            "move": ["take up", "agree action"][number % 2],
            "from_status": ["open", "under review"][number % 2],
            "to_status": ["under review", "action agreed"][number % 2],
            "actor_role": "chair",
            "run_id": RUN_ID,
        }
        for number, row in enumerate(
            row for row in tasking.filter(pl.col("part") == 1).iter_rows(named=True) for _ in range(2)
        )
    ]
    return pl.DataFrame(rows)
