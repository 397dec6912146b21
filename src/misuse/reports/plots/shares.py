"""The share: from the 2005 count to the headline, of what, in which window, over which threshold."""

from __future__ import annotations

from typing import Any

from misuse.reports import wording
from misuse.reports.data import HEADLINE, Pack, Row
from misuse.reports.plots import drawing
from misuse.reports.plots.drawing import BAND, BLUE, GREY, INK, ORANGE, PALE, Absent, Picture

SHARES = {
    "share_of_misuse": "misuse calls",
    "share_of_handling": "misuse handling time",
    "share_of_deployment": "misuse unit time",
    "share_of_calls": "all 999 calls",
    "share_of_all_handling": "all handling time",
    "share_of_all_deployment": "all unit time",
}
COUNTED = {"calls": "counting calls", "episodes": "counting episodes"}
TABLED = (3, 5, 8, 10, 12, 15, 20, 30, 50)
NAMES = {
    "since_log_start": "since the log began", "headline": "headline window", "d365": "last 365 days",
    "quarter": "last three whole months", "d90": "last 90 days", "month": "last whole month", "d30": "last 30 days",
}  # fmt: skip


def bridge(pack: Pack) -> Picture | Absent:
    """The share at each step from the 2005 count to the headline."""
    import altair as alt

    steps = [row for row in pack.steps() if row["step"] != "coded_misuse" and row["share"] is not None]
    if not steps:
        return Absent("bridge", "From the 2005 count to the headline", "there are no misuse calls to bridge")
    first, last = steps[0], steps[-1]
    values = [
        {
            "step": wording.step(row["step"], pack.settings.threshold),
            "share": row["share"],
            "label": f"{wording.share(row['share'])} · {wording.of(row['callers'], 'caller')}",
            "colour": BLUE if row is last else PALE,
        }
        for row in steps
    ]
    base = drawing.chart(values, width=290, height=26 * len(values))
    y = alt.Y("step:N", sort=[value["step"] for value in values], title=None)
    y = y.axis(ticks=False, domain=False, labelLimit=340, labelColor=INK, labelPadding=8)
    top = max(max(row["share"] for row in steps), 0.01)
    x = alt.X("share:Q", title="share of misuse calls", scale=alt.Scale(domain=[0, top * 1.02], nice=False))
    x = x.axis(format="%", tickCount=5)
    bars = base.mark_bar(height=16).encode(x, y, color=alt.Color("colour:N", scale=None))
    text = base.mark_text(align="left", dx=6, color=INK, size=11).encode(y=y, x=alt.value(295), text="label:N")
    told = "; ".join(f"{value['step']}: {value['label']}" for value in values)
    return Picture(
        "bridge",
        f"Counted as in 2005 the share is {wording.share(first['share'])}; with everything taken out that must be, "
        f"{wording.share(last['share'])}",
        ("Each step takes out calls or callers that ought not to count, and is counted anew.",),
        alt.layer(bars, text),
        f"Share of misuse at each step: {told}.",
    )


def shares(pack: Pack) -> Picture | Absent:
    """The persistent callers' share of misuse and of everything, with interval and bounds."""
    rows = [(of, row) for name, of in SHARES.items() if (row := pack.estimate(name)) is not None]
    head = pack.estimate("share_of_misuse")
    if head is None:
        return Absent("shares", "The persistent callers' share", pack.why_not("share_of_misuse"))
    lines = [drawing.dot(f"of {of}", row, wording.share) for of, row in rows]
    callers = pack.estimate("persistent_callers")
    who = wording.of(callers["point"], "persistent caller") if callers else "persistent callers"
    return Picture(
        "shares",
        f"{who} made {wording.share(head['point'])} of misuse calls{_rest_of_title(pack)}",
        (
            drawing.how_to_read(lines),
            f"Persistent callers' misuse, {wording.period(pack)}. {wording.timed(pack)}".rstrip(),
        ),
        drawing.dots(lines, "share", write=".0%"),
        "Persistent callers' share: " + "; ".join(f"{line.name} {line.label}" for line in lines) + ".",
    )


def _rest_of_title(pack: Pack) -> str:
    every = pack.estimate("share_of_calls")
    return "" if every is None else f", and {wording.share(every['point'])} of all calls"


# -- windows -----------------------------------------------------------------------------------------------------------


def windows(pack: Pack) -> Picture | Absent:
    """The share at the run's threshold in every window, by calls and by episodes."""
    threshold = pack.settings.threshold
    rows = [row for row in _windows(pack) if row["threshold"] == threshold and row["share"] is not None]
    if not rows:
        return Absent("windows", "The share in every window", _no_share(pack))
    lines = [
        drawing.Dot(
            f"{NAMES[row['window_name']]}, {COUNTED[row['counted']]}", row["share"],
            drawing.spread({"point": row["share"], **row}, wording.share) + f" · {wording.of(row['callers'], 'caller')}",
            row["low"], row["high"], is_marked=row["counted"] == "calls",
        )
        for row in rows
    ]  # fmt: skip
    lines += _ambulance(pack)
    by_calls = [row for row in rows if row["counted"] == "calls"]
    most, least = max(by_calls, key=lambda row: row["share"]), min(by_calls, key=lambda row: row["share"])
    return Picture(
        "windows",
        f"The share hangs on the window: {wording.share(most['share'])} {_in(most)}, {wording.share(least['share'])} {_in(least)}",
        (
            f"Share of misuse calls by persons with {threshold} or more in the window. Line: {drawing.rows_interval_name(rows)}. None is reckoned for episodes. "
            "The ambulance services’ line is 5 in the last whole month or 12 in the last three.",
            "A longer window has more people over any line, whether or not anybody changed: what differs between two windows is no change of anybody.",
        ),
        drawing.dots(lines, f"share of the window's misuse calls by persons with {threshold} or more", write=".0%"),
        "; ".join(f"{line.name}: {line.label}" for line in lines) + ".",
    )


def _no_share(pack: Pack) -> str:
    """Why no window has a share at the run's threshold."""
    marks = [row["threshold"] for row in pack.rows("window_thresholds") if row["share"] is not None]
    if not marks:
        return "no window holds a misuse call"
    return f"shares of windows are reckoned from {min(marks)} to {max(marks)} or more, and this run's line is {pack.settings.threshold}"


def _ambulance(pack: Pack) -> list[drawing.Dot]:
    """The ambulance services' line beside the windows: its own threshold, over the last three whole months."""
    lines = []
    for name, counted in (("ambulance_line_by_calls", "calls"), ("ambulance_line", "episodes")):
        share, callers = (pack.estimate(f"{name}_{part}", window="quarter") for part in ("share", "callers"))
        if share is not None and callers is not None:
            label = f"{wording.share(share['point'])} · {wording.of(callers['point'], 'caller')}"
            lines.append(
                drawing.Dot(f"ambulance services’ line, {COUNTED[counted]}", share["point"], label, is_marked=False)
            )
    return lines


def _in(row: Row) -> str:
    name = NAMES[row["window_name"]]
    return name if row["window_name"] == "since_log_start" else f"in the {name}"


def _windows(pack: Pack) -> list[Row]:
    """Windows that differ, longest first; of two with the same days the headline's stands."""
    seen: dict[tuple[Any, Any], str] = {}
    order = sorted(pack.rows("window_thresholds"), key=lambda row: (row["window_name"] != HEADLINE, row["window_name"]))
    for row in order:
        seen.setdefault((row["first_date"], row["last_date"]), row["window_name"])
    kept = [row for row in order if row["window_name"] in seen.values()]
    return sorted(kept, key=lambda row: (row["first_date"], row["window_name"], row["counted"], row["threshold"]))


def window_table(pack: Pack) -> Picture | Absent:
    """Windows by thresholds: the share written into each cell."""
    import altair as alt

    marks = tuple(sorted({*TABLED, pack.settings.threshold}))
    rows = [
        row for row in _windows(pack) if row["counted"] == "calls" and row["threshold"] in marks and row["share"] is not None
    ]  # fmt: skip
    if not rows:
        return Absent("window_table", "Every window and threshold", _no_share(pack))
    values = [
        {"window": NAMES[row["window_name"]], "threshold": f"{row['threshold']}+", "share": row["share"],
         "text": f"{100 * row['share']:.0f}%", "is_head": (row["window_name"], row["threshold"]) == (HEADLINE, pack.settings.threshold)}
        for row in rows
    ]  # fmt: skip
    names = list(dict.fromkeys(value["window"] for value in values))
    base = drawing.chart(values, width=54 * len(marks), height=28 * len(names))
    x = alt.X("threshold:N", sort=[f"{mark}+" for mark in marks], title="misuse calls in the window, or more")
    x = x.axis(labelAngle=0, ticks=False, domain=False, orient="top")
    y = alt.Y("window:N", sort=names, title=None).axis(ticks=False, domain=False, labelLimit=260, labelColor=INK)
    fill = alt.Color("share:Q", scale=alt.Scale(domain=[0, 0.75], range=["#f4f8fb", "#5fa3cf"]), legend=None)
    tiles = base.mark_rect(stroke="white", strokeWidth=2).encode(x, y, fill)
    edge = base.transform_filter("datum.is_head").mark_rect(filled=False, stroke=ORANGE, strokeWidth=2.5).encode(x, y)
    text = base.mark_text(size=11, color=INK).encode(x, y, text="text:N")
    head = next(
        (row for row in rows if (row["window_name"], row["threshold"]) == (HEADLINE, pack.settings.threshold)), None
    )
    said = f", {wording.share(head['share'])} at the headline's" if head else ""
    return Picture(
        "window_table",
        f"There is no one share: from {wording.share(min(row['share'] for row in rows))} to "
        f"{wording.share(max(row['share'] for row in rows))} by window and threshold{said}",
        ("Share of the window's misuse calls by persons with so many or more in it. Outlined: the headline. "
         "Intervals are in the pictures of windows and of thresholds.",),
        alt.layer(tiles, edge, text),
        "; ".join(f"{value['window']}, {value['threshold']}: {value['text']}" for value in values) + ".",
    )  # fmt: skip


def thresholds(pack: Pack) -> Picture | Absent:
    """The share of the headline window by threshold, calls with interval and episodes."""
    import altair as alt

    rows = [
        row for row in pack.rows("window_thresholds") if row["window_name"] == HEADLINE and row["share"] is not None
    ]
    own = next((row for row in rows if (row["counted"], row["threshold"]) == ("calls", pack.settings.threshold)), None)
    ends = [row for row in rows if row["counted"] == "calls"]
    if not ends:
        return Absent("thresholds", "The share at every threshold", "the window holds no misuse call")
    first, last = (min(ends, key=lambda row: row["threshold"]), max(ends, key=lambda row: row["threshold"]))
    values = [{name: row[name] for name in ("counted", "threshold", "share", "low", "high")} for row in rows]
    x = alt.X(
        "threshold:Q",
        title="threshold: misuse calls (or episodes) in the window, or more",
        scale=alt.Scale(zero=False, nice=False),
    )
    y = alt.Y("share:Q", title="share of misuse calls", scale=alt.Scale(domainMin=0)).axis(format=".0%", tickCount=6)
    drawn = [row for row in values if row["counted"] == "calls" and row["low"] is not None]
    layers = [
        drawing.chart(drawn).mark_area(color=BAND).encode(x, alt.Y("low:Q"), alt.Y2("high:Q")),
        *(_threshold_line(values, counted, x, y) for counted in COUNTED),
    ]
    if own is not None:
        layers.append(_own_threshold(pack, own, x, y))
    return Picture(
        "thresholds",
        f"The share falls smoothly from {wording.share(first['share'])} at {first['threshold']} or more to "
        f"{wording.share(last['share'])} at {last['threshold']}: no threshold marks a natural line",
        (f"Headline window. Band: {drawing.rows_interval_name(rows)}, by calls. An episode gathers calls within {pack.settings.episode_gap_minutes} minutes of one another.",),
        alt.layer(*layers).properties(width=WIDTH_WIDE, height=230),
        "; ".join(f"{row['threshold']} or more {row['counted']}: {wording.share(row['share'])}" for row in rows if row["threshold"] in TABLED) + ".",
    )  # fmt: skip


WIDTH_WIDE = 560


def _threshold_line(values: list[Row], counted: str, x: Any, y: Any) -> Any:
    import altair as alt

    own = sorted((row for row in values if row["counted"] == counted), key=lambda row: row["threshold"])
    colour = BLUE if counted == "calls" else GREY
    dash = [1, 0] if counted == "calls" else [5, 3]
    end = [{**own[-1], "text": COUNTED[counted]}] if own else []
    return alt.layer(
        drawing.chart(own).mark_line(color=colour, strokeWidth=2, strokeDash=dash).encode(x, y),
        drawing.chart(end).mark_text(align="left", dx=6, color=colour, size=11).encode(x, y, text="text:N"),
    )


def _own_threshold(pack: Pack, own: Row, x: Any, y: Any) -> Any:
    import altair as alt

    label = f"{pack.settings.threshold} or more: {drawing.spread({'point': own['share'], **own}, wording.share)}"
    mark = drawing.chart([{**{name: own[name] for name in ("threshold", "share")}, "label": label}])
    return alt.layer(
        mark.mark_point(color=ORANGE, filled=True, size=70, opacity=1).encode(x, y),
        mark.mark_text(align="left", dx=9, dy=-10, color=INK, size=11).encode(x, y, text="label:N"),
    )
