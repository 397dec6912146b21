"""Pictures as shapes with places: templates draw them as SVG on the server, so that they need no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

Row = Mapping[str, Any]
WIDTH = 960
LEFT, TOP = 46, 14
HALF = 110  # height of a timeline's upper half
LOWER = 60
HEAT_STEPS = 5
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def timeline(weeks: Sequence[Row], marks: Sequence[tuple[date, str]] = ()) -> dict[str, Any]:
    """Misuse calls a week above the line, genuine ones below it, by one scale; `marks` are decisions with their day.

    Keys: width, height, bars (x, y, width, height, kind, told), ticks, months, marks, base.
    """
    most = max((max(row["misuse_calls"], row["genuine_calls"]) for row in weeks), default=0) or 1
    step = (WIDTH - LEFT) / max(len(weeks), 1)
    base, unit = TOP + HALF, HALF / most
    lower = min(LOWER, unit * max((row["genuine_calls"] for row in weeks), default=0)) or 4.0
    bars = []
    for place, row in enumerate(weeks):
        x = LEFT + place * step
        bars += _bars(row, x, max(step - 1.5, 1.0), base, unit)
    days = [row["week"] for row in weeks]
    return {
        "width": WIDTH,
        "height": round(base + lower + 26),
        "base": base,
        "bottom": round(base + lower + 18),
        "bars": bars,
        "ticks": [(_round(base - HALF), str(most)), (_round(base - HALF / 2), f"{most / 2:g}"), (base, "0")],
        "months": _months(days, step),
        "marks": [(_round(LEFT + _place(days, day) * step), told) for day, told in marks if days and day >= days[0]],
        "left": LEFT,
    }


def _bars(row: Row, x: float, width: float, base: float, unit: float) -> list[dict[str, Any]]:
    found = []
    if row["misuse_calls"]:
        height = row["misuse_calls"] * unit
        found.append(_bar("misuse", x, base - height, width, height))
    if row["genuine_calls"]:
        found.append(_bar("genuine", x, base + 1, width, min(row["genuine_calls"] * unit, LOWER)))
    return found


def _bar(kind: str, x: float, y: float, width: float, height: float) -> dict[str, Any]:
    return {"kind": kind, "x": _round(x), "y": _round(y), "width": _round(width), "height": _round(max(height, 1.0))}


def _months(days: Sequence[date], step: float) -> list[tuple[float, str]]:
    """Where each month's name stands; every third of a long log."""
    firsts = [(place, day) for place, day in enumerate(days) if day.day <= 7]
    every = 1 if len(firsts) <= 14 else 3
    return [
        (_round(LEFT + place * step), f"{day:%b %y}" if day.month == 1 else f"{day:%b}")
        for place, day in firsts[::every]
    ]


def _place(days: Sequence[date], day: date) -> float:
    return min((day - days[0]).days / 7, len(days))


def heat(hours: Sequence[Row]) -> dict[str, Any]:
    """Misuse calls by weekday and local hour, in five shades of the busiest; Monday first.

    Keys: rows (weekday, cells with hour, calls, shade), most, total.
    """
    held = {(int(row["weekday"]), int(row["hour"])): int(row["calls"]) for row in hours}
    most = max(held.values(), default=0)
    rows = []
    for number, name in enumerate(WEEKDAYS, 1):
        cells = [
            {"hour": hour, "calls": held.get((number, hour), 0), "shade": _shade(held.get((number, hour), 0), most)}
            for hour in range(24)
        ]
        rows.append({"weekday": name, "cells": cells})
    return {"rows": rows, "most": most, "total": sum(held.values())}


def _shade(calls: int, most: int) -> int:
    return 0 if not calls else min(HEAT_STEPS, 1 + (calls * HEAT_STEPS - 1) // max(most, 1))


def shares(rows: Sequence[Row], *, most: int = 6) -> list[dict[str, Any]]:
    """The most frequent values with their calls and part of all; the rest together."""
    total = sum(row["calls"] for row in rows) or 1
    shown = [{"value": row["value"], "calls": row["calls"], "share": row["calls"] / total} for row in rows[:most]]
    rest = sum(row["calls"] for row in rows[most:])
    return [*shown, {"value": "others", "calls": rest, "share": rest / total}] if rest else shown


def _round(value: float) -> float:
    return round(value, 1)
