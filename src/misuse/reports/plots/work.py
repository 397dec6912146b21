"""The work: days' work in both readings, hours and money, the rest of misuse, and what goes with it for genuine callers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from misuse.reports import wording
from misuse.reports.data import Pack, Row
from misuse.reports.plots import drawing
from misuse.reports.plots.drawing import BLUE, GREY, INK, PALE, Absent, Dot, Picture

DAYS = {
    "days_work_all_misuse": "A: all misuse, by calls",
    "days_work_handling_all_misuse": "A: all misuse, by handling time",
    "days_work_persistent": "B: persistent callers, by calls",
    "days_work_handling_persistent": "B: persistent callers, by handling time",
}
HOURS = {
    "hours_all_misuse": ("handling, all misuse", "full_time_all_misuse", "handling_cost_all_misuse"),
    "hours_persistent": ("handling, persistent callers", "full_time_persistent", "handling_cost_persistent"),
    "unit_hours_all_misuse": ("units, all misuse", "", "unit_cost_all_misuse"),
    "unit_hours_persistent": ("units, persistent callers", "", "unit_cost_persistent"),
}
MAKERS = {
    "persistent_misuse_calls": ("persistent callers", BLUE),
    "below_misuse_calls": ("persons below the threshold", "#8fb8d6"),
    "apart_misuse_calls": ("shared lines, premises", "#d9a679"),
    "unidentified_misuse_calls": ("nobody known", PALE),
}


def days(value: float) -> str:
    """Days' work."""
    return wording.decimal(value, 2)


def workload(pack: Pack) -> Picture | Absent:
    """Days' work a month in both readings, by calls and by handling time."""
    lines = [drawing.dot(words, row, days) for name, words in DAYS.items() if (row := pack.estimate(name)) is not None]
    every, ours = pack.estimate("days_work_all_misuse"), pack.estimate("days_work_persistent")
    if every is None:
        return Absent("workload", "A full day's work every month?", pack.why_not("days_work_all_misuse"))
    part = f", the persistent callers' part to {days(ours['point'])} (reading B)" if ours is not None else ""
    return Picture(
        "workload",
        f"All misuse comes to {days(every['point'])} days' work a month (reading A){part}",
        (drawing.how_to_read(lines) + " One day's work is the calls (or the handling time) of a mean day of the same month, averaged over whole months.",
         "The 2005 report's “a full days work every month” can mean all misuse (reading A) or the persistent callers' part (reading B)."),
        drawing.dots(lines, "days' work a month", write=".1f"),
        "; ".join(f"{line.name} {line.label}" for line in lines) + ".",
    )  # fmt: skip


def hours(pack: Pack) -> Picture | Absent:
    """Hours a month of handlers and units, with handlers and stated costs beside them."""
    lines = []
    for name, (words, handlers, cost) in HOURS.items():
        row = pack.estimate(name)
        if row is not None:
            lines.append(
                drawing.dot(words, row, lambda value: f"{value:,.0f}", unit=" h", more=_money(pack, handlers, cost))
            )
    if not lines:
        return Absent("hours", "Hours a month", pack.why_not("hours_all_misuse"))
    costs = pack.estimate("handling_cost_all_misuse") or pack.estimate("unit_cost_all_misuse")
    stated = (
        f" Pounds: hours at the stated rate ({_cashable(costs)})." if costs else " No rate is stated, so nothing is reckoned in pounds."
    )  # fmt: skip
    first = pack.estimate("hours_all_misuse") or pack.estimate("unit_hours_all_misuse")
    people = pack.estimate("full_time_all_misuse")
    worked = pack.settings.rates.handler_hours_a_year
    year = f" A full-time handler is taken to work {worked:,.0f} hours a year." if people else ""
    return Picture(
        "hours",
        f"Misuse takes {first['point'] if first else 0:,.0f} hours of "
        f"{'handling' if pack.estimate('hours_all_misuse') else 'units'} a month"
        + (f": {people['point']:.1f} full-time handlers" if people else ""),
        (drawing.how_to_read(lines) + stated + year, *filter(None, [wording.timed(pack)])),
        drawing.dots(lines, "hours a month", write=",.0f"),
        "; ".join(f"{line.name} {line.label}" for line in lines) + ".",
    )


def _money(pack: Pack, handlers: str, cost: str) -> str:
    people, pounds = pack.estimate(handlers), pack.estimate(cost)
    said = [f"{people['point']:.1f} handlers"] if people else []
    said += [f"£{pounds['point']:,.0f}"] if pounds else []
    return "".join(f" · {part}" for part in said)


def _cashable(row: Row) -> str:
    return "cashable" if "; cashable" in row["method"] else "not cashable: time freed goes to other calls"


# -- the rest of misuse ------------------------------------------------------------------------------------------------


def rest(pack: Pack) -> list[Picture | Absent]:
    """Misuse by code, hour and borough, and by who made it."""
    return [
        _parts(pack, "code", 26),
        _parts(pack, "101 would have served", 30),
        _parts(pack, "borough", 17),
        _hours(pack),
    ]


def _parts(pack: Pack, part: str, step: int) -> Picture | Absent:
    import altair as alt

    name = "rest_" + {"101 would have served": "101", "code": "codes", "borough": "boroughs"}[part]
    rows = [row for row in pack.rows("misuse_parts") if row["part"] == part]
    if not rows:
        return Absent(name, f"Misuse by {part}", "no misuse call in the window")
    rows = sorted(rows, key=lambda row: (_is_nowhere(row), -row["misuse_calls"]))
    values = [
        {"value": _named(part, row["value"]), "who": words, "calls": row[column], "order": at, "colour": colour}
        for row in rows
        for at, (column, (words, colour)) in enumerate(MAKERS.items())
    ]
    names = [_named(part, row["value"]) for row in rows]
    base = drawing.chart(values, width=330, height=step * len(names))
    x = alt.X("calls:Q", stack="zero", title="misuse calls in the headline window").axis(format=",d", tickCount=4)
    y = alt.Y("value:N", sort=names, title=None).axis(ticks=False, domain=False, labelColor=INK, labelLimit=220)
    bars = base.mark_bar(height=step * 0.62).encode(x, y, color=alt.Color("colour:N", scale=None), order="order:Q")
    totals = [
        {"value": _named(part, row["value"]),
         "text": f"{row['misuse_calls']:,} · persistent callers {wording.share(row['persistent_misuse_calls'] / row['misuse_calls'] if row['misuse_calls'] else None)}"}
        for row in rows
    ]  # fmt: skip
    text = drawing.chart(totals).mark_text(align="left", color=INK, size=11).encode(
        alt.Y("value:N", sort=names), x=alt.value(340), text="text:N"
    )  # fmt: skip
    return Picture(
        name,
        _parts_title(part, rows),
        ("At the bars' right ends, brown: shared lines and premises; grey: calls without a number or premises. Counts of the window, so no interval.",),
        alt.layer(bars, text, *drawing.heads(_heads(rows[0], max(row["misuse_calls"] for row in rows)))),
        "; ".join(f"{total['value']} {total['text']}" for total in totals) + ".",
    )  # fmt: skip


def _heads(top: Row, most: int) -> list[tuple[str, str, float]]:
    """The words over the first bar: each where its part begins, or just after the word before."""
    start = 330.0 * top["persistent_misuse_calls"] / max(most, 1)
    return [("persistent callers", BLUE, 0.0), ("persons below the threshold", "#3f7ea8", max(start, 112.0))]


def _is_nowhere(row: Row) -> bool:
    return str(row["value"]).lower() == "not recorded"


def _named(part: str, value: str) -> str:
    if part == "101 would have served":
        return {"yes": "101 would have served", "no": "the others"}.get(value, "not known whether a unit went")
    return drawing.place(value) if part == "borough" else str(value)


def _parts_title(part: str, rows: Sequence[Row]) -> str:
    every = sum(row["misuse_calls"] for row in rows)
    below = sum(row["below_misuse_calls"] for row in rows)
    if part == "101 would have served":
        served = sum(row["misuse_calls"] for row in rows if row["value"] == "yes")
        if not served and any(map(_is_nowhere, rows)):
            return "Of which misuse calls 101 would have served the log does not tell: not whether a unit went"
        return f"101 would have served {wording.share(served / every if every else None)} of misuse calls, by a rule of thumb"
    top = rows[0]
    if part == "borough":
        known = [row for row in rows if not _is_nowhere(row)]
        five = sum(row["misuse_calls"] for row in known[:5])
        return (
            f"{_named(part, top['value'])} has most misuse calls; the first five of {len(known)} boroughs have "
            f"{wording.share(five / every if every else None)}"
        )
    return (
        f"Most misuse is not the persistent callers': persons below the threshold made {wording.share(below / every if every else None)}; "
        f"the commonest code is {top['value']}"
        if below > every / 2
        else f"Persons below the threshold made {wording.share(below / every if every else None)} of misuse; the commonest code is {top['value']}"
    )


def _hours(pack: Pack) -> Picture | Absent:
    import altair as alt

    rows = sorted(
        (row for row in pack.rows("misuse_parts") if row["part"] == "hour"), key=lambda row: int(row["value"])
    )
    if not rows:
        return Absent("rest_hours", "Misuse by hour of the day", "no misuse call in the window")
    values = [
        {"hour": int(row["value"]), "persistent": row["persistent_misuse_calls"], "others": row["misuse_calls"] - row["persistent_misuse_calls"]}
        for row in rows
    ]  # fmt: skip
    top = max(rows, key=lambda row: int(row["misuse_calls"]))
    x = alt.X("hour:Q", title="local hour of the call", scale=alt.Scale(domain=[0, 23], nice=False)).axis(
        tickCount=12, grid=False
    )
    layers = []
    for name, words, colour, dash in (
        ("persistent", "persistent callers", BLUE, [1, 0]),
        ("others", "all others", GREY, [5, 3]),  # printed in grey the two hues are one
    ):
        y = alt.Y(f"{name}:Q", title="misuse calls in the headline window").axis(format=",d", tickCount=5)
        end = [{**values[-1], "text": words}]
        layers.append(
            drawing.chart(values, width=drawing.WIDTH, height=200)
            .mark_line(color=colour, strokeWidth=2, strokeDash=dash, point=alt.OverlayMarkDef(size=25, color=colour))
            .encode(x, y)
        )
        layers.append(
            drawing.chart(end).mark_text(align="left", dx=8, color=colour, size=11).encode(x, y, text="text:N")
        )
    return Picture(
        "rest_hours",
        f"Misuse is busiest in the hour from {int(top['value']):02}:00, {wording.share(top['misuse_calls'] / max(sum(row['misuse_calls'] for row in rows), 1))} of the day's",
        ("Counts of the whole window by hour of the day, so no interval.",),
        alt.layer(*layers),
        "; ".join(f"{int(row['value']):02}:00 {row['misuse_calls']:,}" for row in rows) + ".",
    )  # fmt: skip


# -- genuine callers ---------------------------------------------------------------------------------------------------

OUTCOMES = {
    "answering_delay_seconds": ("mean delay to answer", "seconds", 1.0),
    "share_graded_immediate": ("calls graded Immediate", "points", 100.0),
    "immediate_minutes_mean": ("mean time to arrive, Immediate calls", "minutes", 1.0),
    "immediate_minutes_median": ("median time to arrive, Immediate calls", "minutes", 1.0),
    "immediate_share_late": ("Immediate calls over 30 minutes", "points", 100.0),
}


def genuine(pack: Pack) -> Picture | Absent:
    """Genuine callers in the hours with most handling of persistent callers, against other hours like them."""
    import altair as alt

    found = {name: row for name in OUTCOMES if (row := pack.estimate(f"{name}_difference")) is not None}
    if not found:
        return Absent(
            "genuine",
            "What it goes together with for genuine callers",
            pack.why_not("answering_delay_seconds_difference"),
        )
    panels = [_panel(pack, name, row) for name, row in found.items()]
    worse = [OUTCOMES[name][0] for name, row in found.items() if row["low"] is not None and row["low"] > 0]
    better = [OUTCOMES[name][0] for name, row in found.items() if row["high"] is not None and row["high"] < 0]
    said = (
        f"higher: {', '.join(worse)}"
        if worse
        else f"lower: {', '.join(better)}"
        if better
        else "no difference for genuine callers that chance does not explain"
    )
    return Picture(
        "genuine",
        f"In the hours with most handling of persistent callers, {said}",
        ("Difference between the quarter of hours with most such handling and other hours of the same borough and hour of the week, adjusted for volume. "
         "Line: 95% interval. Right: in those hours against the others. An association, not an effect.",),
        alt.vconcat(*panels, spacing=6).resolve_scale(x="independent"),
        "; ".join(f"{OUTCOMES[name][0]}: {_difference(pack, name, row)}" for name, row in found.items()) + ".",
    )  # fmt: skip


def _difference(pack: Pack, name: str, row: Row) -> str:
    _, unit, factor = OUTCOMES[name]
    spread = drawing.spread(row, lambda value: f"{factor * value:+.2f}", f" {unit}")
    ends = [pack.estimate(f"{name}_{side}") for side in ("busy", "quiet")]
    beside = [
        f"{factor * end['point']:.{1 if factor == 1.0 else 2}f}{'%' if factor > 1 else ''}"
        for end in ends
        if end is not None
    ]
    return f"{spread} · {beside[0]} against {beside[1]}" if len(beside) == 2 else spread


def _panel(pack: Pack, name: str, row: Row) -> Any:
    words, unit, factor = OUTCOMES[name]
    low, high = ((None if row[end] is None else factor * row[end]) for end in ("low", "high"))
    line = Dot(words, factor * row["point"], _difference(pack, name, row), low, high)
    return drawing.dots(
        [line],
        unit,
        write="+.2~f",
        zero="no difference" if name == "answering_delay_seconds" else " ",
        width=230,
        step=24,
    )
