"""What every picture has in common: two hues, type, sizes, the finding as title, and the run it is of.

The hues are told apart by colour-blind readers and in grey print (Okabe and Ito's blue and vermilion); whatever a hue
says, a place, a shape or a word says too.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from misuse import wording as plain
from misuse.reports import wording
from misuse.reports.data import Stamp

INK, GREY, PALE, FAINT = "#1f2a36", "#5b6672", "#b9c4cf", "#eceff2"
BLUE, ORANGE, BAND = "#0072b2", "#c04a00", "#cfe3f0"
# The PDF has Libertinus; the PNG falls back to Liberation Sans, which vl-convert carries.
FONTS = "Libertinus Serif, Liberation Sans, sans-serif"
WIDTH, HEIGHT = 520, 190
_TITLE_LETTERS, _NOTE_LETTERS = 92, 122


@dataclass(frozen=True)
class Picture:
    """One picture: a title that says the finding, how to read it, the chart, and the same in words."""

    name: str
    title: str
    notes: tuple[str, ...]
    chart: Any
    words: str


@dataclass(frozen=True)
class Absent:
    """A picture whose figures are not there, and why."""

    name: str
    title: str
    why: str


def chart(values: Sequence[Mapping[str, Any]], **size: Any) -> Any:
    """A chart over values written into its specification: nothing is fetched."""
    import altair as alt

    return alt.Chart(cast(Any, alt.Data)(values=list(values)), **size)  # altair has no types here


def specification(picture: Picture, stamp: Stamp | None = None, *, is_checked: bool = False) -> dict[str, Any]:
    """The Vega-Lite document. With a stamp it says which run it is of, since it will travel alone.

    Checking it against Vega-Lite's schema costs seconds over all pictures: tests do it, runs don't.
    """
    import altair as alt

    notes = [line for note in picture.notes for line in textwrap.wrap(note, _NOTE_LETTERS)]
    if stamp is not None:
        notes.append(wording.stamped(stamp))
    title = alt.TitleParams(textwrap.wrap(picture.title, _TITLE_LETTERS), subtitle=notes)
    drawn: dict[str, Any] = _dressed(picture.chart.properties(title=title)).to_dict(validate=is_checked)
    return drawn


def svg(document: Mapping[str, Any]) -> str:
    """A specification drawn. What XML may not hold is shown as unreadable: the engine would end the whole process over it."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(_drawable(document)))


def _drawable(value: Any) -> Any:
    """The same document with the sign for an unreadable character where a code from a log has one that XML forbids."""
    if isinstance(value, str):
        return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, Mapping):
        return {key: _drawable(item) for key, item in value.items()}
    return [_drawable(item) for item in value] if isinstance(value, (list, tuple)) else value


# XML 1.0, section 2.2: every other character is none.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def png(text: str) -> bytes:
    """An SVG as PNG, half as large again."""
    import vl_convert

    return bytes(vl_convert.svg_to_png(text, scale=1.5))


def _dressed(drawn: Any) -> Any:
    return (
        drawn.configure(font=FONTS, background="white", padding=8)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=GREY, titleColor=GREY, titleFontWeight="normal", titleFontSize=11, labelFontSize=11,
            gridColor=FAINT, domainColor=PALE, tickColor=PALE,
        )
        .configure_title(
            anchor="start", frame="bounds", color=INK, fontSize=14, fontWeight="bold", subtitleColor=GREY, subtitleFontSize=11,
            offset=12, subtitleLineHeight=14, lineHeight=18,
        )
    )  # fmt: skip


# -- a dot a line, with its interval and bounds ------------------------------------------------------------------------


@dataclass(frozen=True)
class Dot:
    """One line of a chart of dots: where it is, how sure, and what is written beside it."""

    name: str
    point: float
    label: str
    low: float | None = None
    high: float | None = None
    bound_low: float | None = None
    bound_high: float | None = None
    is_marked: bool = True
    is_claimed: bool = True  # that the interval is one of 95%

    def ends(self) -> list[float]:
        """All that must be in the picture."""
        known = (self.point, self.low, self.high, self.bound_low, self.bound_high)
        return [value for value in known if value is not None]


_POINTS = "datum.value == 0 ? '0' : format(100 * datum.value, '+.2~f')"


def dots(
    lines: Sequence[Dot],
    axis: str,
    *,
    write: str = "%",
    width: int = 300,
    step: int = 26,
    zero: str = "",
    from_nought: bool = True,
) -> Any:
    """Dots with 95% intervals (lines) and bounds (pale bands), names to the left and labels to the right.

    `zero` marks nought with a line and this word: for differences. `write` is a number's form on the axis; `points` writes
    differences of shares as percentage points.
    """
    import altair as alt

    values = [
        {"name": line.name, "x": line.point, "low": line.low, "high": line.high, "from": line.bound_low,
         "to": line.bound_high, "label": line.label, "colour": BLUE if line.is_marked else GREY}
        for line in lines
    ]  # fmt: skip
    ends = [end for line in lines for end in line.ends()]
    scale = alt.Scale(domain=_domain(ends, from_nought=from_nought and not zero, zero=bool(zero)), nice=False)
    is_points = write == "points"
    ticks = alt.Axis(
        tickCount=5,
        title=f"{axis}, percentage points" if is_points else axis,
        format=alt.Undefined if is_points else write,
        labelExpr=_POINTS if is_points else alt.Undefined,
    )
    base = chart(values, width=width, height=step * len(values))
    y = alt.Y("name:N", sort=[line.name for line in lines], title=None)
    y = y.axis(ticks=False, domain=False, labelLimit=330, labelColor=INK, labelPadding=8)
    colour = alt.Color("colour:N", scale=None)
    layers = [
        base.mark_rule(strokeWidth=11, color=BAND, strokeCap="butt").encode(alt.X("from:Q", scale=scale, axis=ticks), y, x2="to:Q"),
        base.mark_rule(strokeWidth=2.5).encode(alt.X("low:Q", scale=scale, axis=ticks), y, x2="high:Q", color=colour),
        base.mark_point(filled=True, size=60, opacity=1).encode(alt.X("x:Q", scale=scale, axis=ticks), y, color=colour),
        base.mark_text(align="left", color=INK, size=11).encode(y=y, x=alt.value(width + 10), text="label:N"),
    ]  # fmt: skip
    if zero:
        layers.insert(0, _nought(scale, ticks, zero))
    return alt.layer(*layers)


def _nought(scale: Any, ticks: Any, word: str) -> Any:
    import altair as alt

    line = chart([{"at": 0.0, "word": word}])
    return alt.layer(
        line.mark_rule(color=GREY, strokeDash=[3, 3]).encode(alt.X("at:Q", scale=scale, axis=ticks)),
        line.mark_text(color=GREY, size=10, baseline="bottom", dy=-4).encode(
            alt.X("at:Q", scale=scale, axis=ticks), y=alt.value(0), text="word:N"
        ),
    )


def _domain(ends: Sequence[float], *, from_nought: bool, zero: bool) -> list[float]:
    least, most = min(ends), max(ends)
    if from_nought or zero:
        least, most = min(least, 0.0), max(most, 0.0)
    room = (most - least or abs(most) or 1.0) * 0.04
    return [least if from_nought and least == 0.0 else least - room, most + room]


def place(name: str) -> str:
    """A borough as it is written: logs shout them."""
    if name.lower() == "not recorded":
        return "not recorded"
    small = {"And": "and", "Upon": "upon", "Of": "of"}
    return " ".join(small.get(word, word) for word in str(name).title().split())


def how_to_read(lines: Sequence[Dot]) -> str:
    """What the signs of a chart of dots mean; of the band only where one is drawn."""
    has_band = any(line.bound_low is not None for line in lines)
    band = " Pale band: what calls without a number could make of it." if has_band else ""
    return f"Dot: as counted. Line: {interval_name(lines)}.{band}"


def interval_name(lines: Iterable[Dot]) -> str:
    """What the intervals of a picture are called, by what is claimed of each."""
    return _called(all(line.is_claimed for line in lines))


def rows_interval_name(rows: Iterable[Mapping[str, Any]]) -> str:
    """The same of rows that have a method of their own; those without an interval claim nothing."""
    return _called(all(plain.is_claimed(row.get("method")) for row in rows if row["low"] is not None))


def _called(is_claimed: bool) -> str:
    return "95% interval" if is_claimed else f"interval; {plain.NOT_CLAIMED.replace('claimed', 'claimed of each')}"


def minus(text: str) -> str:
    """A figure with a minus sign, as axes have it, and no hyphen."""
    return text.replace("-", "\u2212")


def spread(row: Mapping[str, Any], write: Any, unit: str = "") -> str:
    """`41.0% (38.0% to 45.9%)`, or the point alone; the unit is named once."""
    if row["low"] is None or row["high"] is None:
        return minus(f"{write(row['point'])}{unit}")
    return minus(f"{write(row['point'])}{unit} ({write(row['low'])} to {write(row['high'])})")


def heads(words: Sequence[tuple[str, str, float]]) -> list[Any]:
    """Words in their hue above a plot, each at a distance from its left edge: what bars of that hue are."""
    import altair as alt

    return [
        chart([{"text": text}])
        .mark_text(align="left", baseline="bottom", color=hue, size=11, fontWeight="bold")
        .encode(text="text:N", x=alt.value(at), y=alt.value(-5))
        for text, hue, at in words
    ]


def dot(
    name: str, row: Mapping[str, Any], write: Any, *, unit: str = "", is_marked: bool = True, more: str = ""
) -> Dot:
    """A row with point, ends and perhaps bounds as a line of dots."""
    return Dot(
        name, row["point"], spread(row, write, unit) + more, row["low"], row["high"], row.get("bound_low"),
        row.get("bound_high"), is_marked, plain.is_claimed(row.get("method")),
    )  # fmt: skip
