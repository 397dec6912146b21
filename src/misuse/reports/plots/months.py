"""Month by month: volume with the persistent callers' part, XmR charts, and which boroughs and hours moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from misuse.reports import wording
from misuse.reports.data import Pack, Row
from misuse.reports.plots import drawing
from misuse.reports.plots.drawing import BLUE, GREY, INK, ORANGE, PALE, Absent, Picture

MONTHS_LABELLED = 18  # more than so many have no figures on their bars
MONTHS_TILED = 12
# Universal time, or a machine west of Greenwich would name the month before.
MONTH_LABEL = (
    "utcmonth(toDate(datum.value)) == 0 ? [utcFormat(toDate(datum.value), '%b'), utcFormat(toDate(datum.value), '%Y')]"
    " : utcFormat(toDate(datum.value), '%b')"
)
MONTH_LABEL_LONG = "utcFormat(toDate(datum.value), '%b %y')"


@dataclass(frozen=True)
class Measure:
    """One measure of the charts: its name in the relation, in a title, on an axis, and how a value is written."""

    name: str
    file: str
    title: str
    axis: str
    write: str  # d3
    digits: int
    is_share: bool = False

    def written(self, value: float, more: int = 0) -> str:
        """The value, to so many more digits where it is a borough's or an hour's."""
        return wording.share(value) if self.is_share else f"{value:,.{self.digits + more}f}"


MEASURES = (
    Measure("misuse_calls_a_day", "volume", "Misuse calls a day", "misuse calls a day", ",.0f", 0),
    Measure("share_of_calls", "share", "Misuse's share of all calls", "share of all calls", ".1%", 1, is_share=True),
    Measure("share_of_regulars", "regulars", "The share of misuse by persons with five or more calls in the month",
            "share of misuse calls", ".0%", 0, is_share=True),
    Measure("handling_hours_a_day", "handling", "Hours a day spent handling misuse", "hours a day", ",.1f", 1),
)  # fmt: skip
SPLIT_MEASURES = tuple(measure for measure in MEASURES if measure.name != "share_of_regulars")


def months(pack: Pack) -> Picture | Absent:
    """Misuse calls a month in grey, the persistent callers' in front; part months paler."""
    import altair as alt

    if not pack.months:
        return Absent("months", "Misuse calls by month", "the log holds no month")
    values = [
        {
            "month": row["month"].isoformat(),
            "all": row["misuse_calls"],
            "persistent": row["persistent_misuse_calls"],
            "whole": 1.0 if row["is_whole"] else 0.45,
        }
        for row in pack.months
    ]
    base = drawing.chart(
        values, width=max(drawing.WIDTH, 34 * min(len(values), MONTHS_LABELLED)), height=drawing.HEIGHT
    )
    across = alt.X("month:O", sort=[value["month"] for value in values], title=None, scale=alt.Scale(paddingInner=0.25))
    few = len(values) <= MONTHS_LABELLED
    axis = alt.Axis(labelExpr=MONTH_LABEL if few else MONTH_LABEL_LONG, labelAngle=0 if few else -90, ticks=False)
    opacity = alt.Opacity("whole:Q", scale=None, legend=None)
    layers = [
        base.mark_bar(color=PALE).encode(across.axis(axis), alt.Y("all:Q", title="misuse calls a month"), opacity),
        base.mark_bar(color=BLUE).encode(across.axis(axis), alt.Y("persistent:Q"), opacity),
    ]
    if few:
        layers += [
            base.mark_text(dy=-6, color=GREY, size=10).encode(across, y="all:Q", text=alt.Text("all:Q", format=",")),
            base.mark_text(dy=10, color="white", size=10).encode(across, y="persistent:Q", text=alt.Text("persistent:Q", format=",")),
        ]  # fmt: skip
    whole = [row for row in pack.months if row["is_whole"]]
    return Picture(
        "months",
        _months_title(whole),
        ("Whole bar: all misuse calls. Blue: those of callers persistent in the headline window. Pale: part of a month. "
         "Counts, so no interval; what is more than chance is in the charts of volume and share.",),
        alt.layer(*layers),
        f"Misuse calls by month, and of them by persistent callers: {_monthly(whole) or 'none counted'}.",
    )  # fmt: skip


def _months_title(whole: Sequence[Row]) -> str:
    if not whole:
        return "Misuse calls so far: the log holds no whole month"
    low, high = (f(row["misuse_calls"] for row in whole) for f in (min, max))
    every = sum(row["misuse_calls"] for row in whole)
    ours = sum(row["persistent_misuse_calls"] for row in whole)
    between = f"{low:,} to {high:,}" if low != high else f"{low:,}"
    part = f"; {wording.share(ours / every)} of them by persistent callers" if every else ""
    return f"Misuse ran at {between} calls a month{part}"


def _monthly(whole: Sequence[Row]) -> str:
    return "; ".join(
        f"{row['month']:%B %Y} {row['misuse_calls']:,}, of them {row['persistent_misuse_calls']:,}" for row in whole
    )


# -- XmR ---------------------------------------------------------------------------------------------------------------


def control_charts(pack: Pack) -> list[Picture | Absent]:
    """One XmR chart a measure, of the whole force."""
    return [_control_chart(pack, measure) for measure in MEASURES]


def _control_chart(pack: Pack, measure: Measure) -> Picture | Absent:
    name, title = f"chart_{measure.file}", f"{measure.title}, month by month"
    rows = [row for row in pack.charted("all", measure.name) if row["point"] is not None]
    if not rows:
        return Absent(name, title, "this log does not measure it in any whole month")
    if rows[-1]["mean"] is None:
        return Absent(name, title, rows[-1]["method"].removeprefix("not reckoned: "))
    trial = " Limits are on trial: fewer than thirteen months." if rows[-1]["is_trial"] else ""
    told = ", ".join(f"{row['month']:%B %Y} {measure.written(row['point'])}" for row in rows)
    return Picture(
        name,
        f"{measure.title}: {_verdict(rows, measure)}",
        ("XmR chart as NHS England's Making data count draws it. Dashed: the limits of chance (mean ± 2.66 mean moving ranges). "
         f"Orange ▲: more than chance, for the worse. Blue ▼: for the better.{trial}",),
        _xmr(rows, measure),
        f"{measure.title} by month: {told}. {wording.sentence(_verdict(rows, measure))}.",
    )  # fmt: skip


def _verdict(rows: Sequence[Row], measure: Measure) -> str:
    """What the last month says, or when something last was more than chance."""
    last = rows[-1]
    now = f"{measure.written(last['point'])} in {last['month']:%B}"
    if last["reading"]:
        better = "improvement" if last["reading"] == "improvement" else "for concern"
        return f"{now}, {last['signal']}: {better}"
    marked = [row for row in rows if row["reading"]]
    if not marked:
        return f"{now}, and nothing but chance in {wording.of(len(rows), 'month')}"
    return f"{now}, within chance; last more than chance in {marked[-1]['month']:%B %Y}"


def _xmr(rows: Sequence[Row], measure: Measure) -> Any:
    import altair as alt

    values = [
        {"month": row["month"].isoformat(), "point": row["point"], "year_before": row["year_before"],
         "kind": row["reading"] or "chance", "mean": row["mean"], "lower": row["lower"], "upper": row["upper"]}
        for row in rows
    ]  # fmt: skip
    label = MONTH_LABEL if len(rows) <= MONTHS_LABELLED else MONTH_LABEL_LONG
    axis = alt.Axis(labelExpr=label, labelAngle=0 if len(rows) <= MONTHS_LABELLED else -90, ticks=False)
    x = alt.X("month:O", sort=[value["month"] for value in values], title=None).axis(axis)
    y = alt.Y("point:Q", title=measure.axis, scale=alt.Scale(zero=False)).axis(format=measure.write, tickCount=5)
    base = drawing.chart(values, width=drawing.WIDTH, height=210)
    reading = ["chance", "improvement", "concern"]
    layers = [
        base.mark_line(color=GREY, strokeWidth=1.2).encode(x, y),
        base.mark_point(filled=True, size=75, opacity=1).encode(
            x, y,
            color=alt.Color("kind:N", scale=alt.Scale(domain=reading, range=[GREY, BLUE, ORANGE]), legend=None),
            shape=alt.Shape("kind:N", scale=alt.Scale(domain=reading, range=["circle", "triangle-down", "triangle-up"]), legend=None),
        ),
        *_lines(rows[-1], measure),
    ]  # fmt: skip
    if any(value["year_before"] is not None for value in values):
        before = [value for value in values if value["year_before"] is not None]
        layers.append(drawing.chart(before).mark_line(color=PALE, strokeWidth=2).encode(x, alt.Y("year_before:Q")))
        end = drawing.chart([{**before[-1], "text": "a year before"}])
        layers.append(
            end.mark_text(align="left", dx=8, color=GREY, size=10).encode(x, alt.Y("year_before:Q"), text="text:N")
        )
    return alt.layer(*layers)


def _lines(row: Row, measure: Measure) -> list[Any]:
    """Mean and limits, each with its name at its right end."""
    import altair as alt

    drawn = []
    for name, words, dash in (
        ("mean", "mean", [1, 0]),
        ("upper", "upper limit", [5, 4]),
        ("lower", "lower limit", [5, 4]),
    ):
        line = drawing.chart([{"at": row[name], "text": f"{words} {measure.written(row[name])}"}])
        drawn.append(line.mark_rule(color=GREY, strokeDash=dash, strokeWidth=1).encode(alt.Y("at:Q")))
        drawn.append(
            line.mark_text(align="left", color=GREY, size=10).encode(
                alt.Y("at:Q"), x=alt.value(drawing.WIDTH + 6), text="text:N"
            )
        )
    return drawn  # fmt: skip


# -- boroughs and hours ------------------------------------------------------------------------------------------------


def tiles(pack: Pack) -> list[Picture | Absent]:
    """Which boroughs and hours were beyond chance in which month, by volume, share and workload."""
    return [_tiles(pack, split, measure) for split in ("borough", "hour") for measure in SPLIT_MEASURES]


def _tiles(pack: Pack, split: str, measure: Measure) -> Picture | Absent:
    name, plural = f"{split}s_{measure.file}", f"{split}s"
    title = f"{measure.title} by {split}"
    rows = [row for row in pack.charted(split, measure.name) if row["point"] is not None]
    if not rows or all(row["mean"] is None for row in rows):
        why = rows[-1]["method"].removeprefix("not reckoned: ") if rows else f"no {split} has a measured month"
        return Absent(name, title, why)
    shown = sorted({row["month"] for row in rows})[-MONTHS_TILED:]
    last = [row for row in rows if row["month"] == shown[-1] and row["mean"] is not None and not _is_nowhere(row)]
    up, down = ([row for row in last if row["reading"] == kind] for kind in ("concern", "improvement"))
    told = "; ".join(f"{_named(row)} {measure.written(row['point'])}, {row['signal']}" for row in up + down)
    return Picture(
        name,
        f"{measure.title}, {shown[-1]:%B %Y}: "
        + (f"of {len(last)} {plural} {len(up)} up and {len(down)} down by more than chance" if up or down
           else f"nothing but chance in any of {len(last)} {plural}"),
        (f"A mark where a rule of the {split}'s own XmR chart speaks. ▲ orange: for the worse; ▼ blue: for the better; no mark: chance. "
         f"Of {len(last)} charts some signal by chance alone: a reason to look, not a finding.",),
        _tile_chart(rows, shown, measure),
        f"{title} in {shown[-1]:%B %Y}, more than chance: {told or 'none'}.",
    )  # fmt: skip


def _is_nowhere(row: Row) -> bool:
    return str(row["value"]).lower() == "not recorded"


def _named(row: Row) -> str:
    return f"{int(row['value']):02}:00" if row["split"] == "hour" else drawing.place(row["value"])


def _tile_chart(rows: Sequence[Row], shown: Sequence[Any], measure: Measure) -> Any:
    import altair as alt

    cells = [
        {"who": _named(row), "month": row["month"].isoformat(), "kind": row["reading"] or "chance"}
        for row in rows
        if row["month"] in shown
    ]
    last = [
        {"who": _named(row), "text": f"{measure.written(row['point'], 1)} (mean {measure.written(row['mean'], 1)})"}
        for row in rows
        if row["month"] == shown[-1] and row["mean"] is not None
    ]
    names = sorted({cell["who"] for cell in cells}, key=lambda name: (name == "not recorded", name))
    width = 30 * len(shown)
    base = drawing.chart(cells, width=width, height=16 * len(names))
    x = alt.X(
        "month:O",
        sort=[month.isoformat() for month in shown],
        title=f"{len(shown)} months to {shown[-1]:%B %Y}; right: the last",
    )
    x = x.axis(labelExpr="utcFormat(toDate(datum.value), '%b')", labelAngle=0, ticks=False, domain=False, orient="top")
    y = alt.Y("who:N", sort=names, title=None).axis(
        ticks=False, domain=False, labelColor=INK, labelLimit=220, grid=True
    )
    kinds = ["chance", "improvement", "concern"]
    marks = base.mark_point(filled=True, size=90).encode(
        x, y,
        color=alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[PALE, BLUE, ORANGE]), legend=None),
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=["circle", "triangle-down", "triangle-up"]), legend=None),
        opacity=alt.condition("datum.kind == 'chance'", alt.value(0), alt.value(1)),
    )  # fmt: skip
    text = drawing.chart(last).mark_text(align="left", color=INK, size=10).encode(
        alt.Y("who:N", sort=names), x=alt.value(width + 10), text="text:N"
    )  # fmt: skip
    return alt.layer(marks, text)
