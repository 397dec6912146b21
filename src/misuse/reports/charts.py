"""The three pictures, each one Altair chart, as SVG and PNG; made offline by vl-convert.

Two hues, told apart by colour-blind readers and in grey print, labelled where they stand.
"""

from __future__ import annotations

from typing import Any, cast

from misuse.reports import wording
from misuse.reports.data import Pack, Row

INK, GREY, PALE = "#1f2a36", "#6b7683", "#b9c4cf"
BLUE, ORANGE = "#0072b2", "#d55e00"
# The PDF has Libertinus; the PNG falls back to Liberation Sans, which vl-convert carries.
FONTS = "Libertinus Serif, Liberation Sans, sans-serif"
WIDTH, HEIGHT = 520, 190
MONTHS_LABELLED = 18  # more than so many have no figures on their bars
# Universal time, or a machine west of Greenwich would name the month before.
MONTH_LABEL = (
    "utcmonth(toDate(datum.value)) == 0 ? [utcFormat(toDate(datum.value), '%b'), utcFormat(toDate(datum.value), '%Y')]"
    " : utcFormat(toDate(datum.value), '%b')"
)
MONTH_LABEL_LONG = "utcFormat(toDate(datum.value), '%b %y')"


def specifications(pack: Pack) -> dict[str, dict[str, Any]]:
    """Each picture's Vega-Lite specification by name; each says so when it has nothing to show."""
    drawn = {"months": months(pack), "concentration": concentration(pack), "bridge": bridge(pack)}
    return {name: _dressed(chart).to_dict() for name, chart in drawn.items()}


def svg(specification: dict[str, Any]) -> str:
    """One picture as SVG."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(specification))


def files(pack: Pack, specifications: dict[str, dict[str, Any]]) -> dict[str, bytes]:
    """`charts/NAME.svg` and `charts/NAME.png`, each saying which run it is of, since it will travel alone."""
    import vl_convert

    made: dict[str, bytes] = {}
    for name, specification in specifications.items():
        text = svg(_stamped(specification, pack))
        made[f"charts/{name}.svg"] = text.encode()
        made[f"charts/{name}.png"] = vl_convert.svg_to_png(text, scale=2)
    return made


def _stamped(specification: dict[str, Any], pack: Pack) -> dict[str, Any]:
    title = dict(specification.get("title", {"text": ""}))
    title["subtitle"] = [*title.get("subtitle", []), wording.stamped(pack.stamp)]
    return {**specification, "title": title}


def descriptions(pack: Pack) -> dict[str, str]:
    """Each picture in words, for those who cannot see it."""
    whole = [row for row in pack.months if row["is_whole"]]
    monthly = "; ".join(
        f"{row['month']:%B %Y} {row['misuse_calls']:,}, of them {row['persistent_misuse_calls']:,}" for row in whole
    )
    steps = "; ".join(
        f"{wording.step(row['step'], pack.settings.threshold)} {row['callers']:,} callers, {wording.share(row['share'])}"
        for row in pack.steps()
    )
    return {
        "months": f"Misuse calls by month, and of them by persistent callers: {monthly or 'none counted'}.",
        "concentration": "How few people make how much of the misuse. " + concentration_sentence(pack),
        "bridge": f"Share of misuse at each step: {steps or 'none counted'}.",
    }


def concentration_sentence(pack: Pack) -> str:
    """The curve in a sentence."""
    at = _at_threshold(pack)
    if at is None:
        return wording.uncounted(pack) or "Nobody reached the threshold in the window."
    return (
        f"{wording.share(at['share_of_callers'])} of the people with a misuse call made "
        f"{wording.share(at['share_of_calls'])} of identified people's misuse calls."
    )


def months(pack: Pack) -> Any:
    """Misuse calls a month in grey, the persistent callers' in front; part months paler."""
    import altair as alt

    if not pack.months:
        return _nothing("No months to show.")
    values = [
        {
            "month": row["month"].isoformat(),
            "all": row["misuse_calls"],
            "persistent": row["persistent_misuse_calls"],
            "whole": 1.0 if row["is_whole"] else 0.45,
        }
        for row in pack.months
    ]
    base = _chart(values, width=WIDTH, height=HEIGHT)
    names = [value["month"] for value in values]
    across = alt.X("month:O", sort=names, title=None, scale=alt.Scale(paddingInner=0.25, paddingOuter=0.1))
    few = len(values) <= MONTHS_LABELLED
    axis = alt.Axis(labelExpr=MONTH_LABEL if few else MONTH_LABEL_LONG, labelAngle=0 if few else -90, ticks=False)
    opacity = alt.Opacity("whole:Q", scale=None, legend=None)
    every = base.mark_bar(color=PALE).encode(across.axis(axis), alt.Y("all:Q", title="misuse calls"), opacity)
    ours = base.mark_bar(color=BLUE).encode(across.axis(axis), alt.Y("persistent:Q"), opacity)
    layers = [every, ours]
    if few:
        layers.append(
            base.mark_text(dy=-6, color=GREY, size=10).encode(across, y="all:Q", text=alt.Text("all:Q", format=","))
        )
        layers.append(
            base.mark_text(dy=10, color="white", size=10).encode(
                across, y="persistent:Q", text=alt.Text("persistent:Q", format=",")
            )
        )
    return alt.layer(*layers).properties(
        title=alt.TitleParams(
            "Misuse calls by month",
            subtitle=[
                "Whole bar: all misuse calls. Blue: those of callers persistent in the headline window. Pale: part of a month."
            ],
        )
    )


def concentration(pack: Pack) -> Any:
    """The Lorenz curve from the busiest caller on, with the threshold marked on it."""
    import altair as alt

    if not pack.concentration:
        return _nothing("No identified person made a misuse call in the window.")
    points = sorted(pack.concentration, key=lambda row: row["share_of_callers"])
    values = [{"people": 0.0, "calls": 0.0}] + [
        {"people": row["share_of_callers"], "calls": row["share_of_calls"]} for row in points
    ]
    percent = alt.Axis(format="%", tickCount=5)
    x = alt.X("people:Q", title="share of people with a misuse call, busiest first", axis=percent)
    y = alt.Y("calls:Q", title="share of their misuse calls", axis=percent, scale=alt.Scale(domain=[0, 1]))
    line = _chart(values, width=WIDTH, height=HEIGHT).mark_line(color=BLUE, strokeWidth=2).encode(x, y)
    level = (
        _chart([{"people": 0, "calls": 0}, {"people": 1, "calls": 1}])
        .mark_line(color=PALE, strokeDash=[3, 3], strokeWidth=1)
        .encode(x, y)
    )
    layers = [level, line]
    at = _at_threshold(pack)
    if at is not None:
        point = [{"people": at["share_of_callers"], "calls": at["share_of_calls"], "label": _point_label(pack, at)}]
        marked = _chart(point)
        layers.append(marked.mark_point(color=ORANGE, filled=True, size=70, opacity=1).encode(x, y))
        layers.append(
            marked.mark_text(align="left", dx=9, dy=12, color=INK, size=11, lineBreak="\n").encode(x, y, text="label:N")
        )
    return alt.layer(*layers).properties(
        title=alt.TitleParams("How few make how many", subtitle=["Dashed: if everybody called alike."])
    )


def bridge(pack: Pack) -> Any:
    """The share at each step from the 2005 count to the headline."""
    import altair as alt

    steps = [row for row in pack.steps() if row["step"] != "coded_misuse" and row["share"] is not None]
    if not steps:
        return _nothing("No misuse calls to bridge.")
    last = steps[-1]["step_number"]
    values = [
        {
            "step": wording.step(row["step"], pack.settings.threshold),
            "share": row["share"],
            "label": f"{wording.share(row['share'])}, {wording.of(row['callers'], 'caller')}",
            "colour": BLUE if row["step_number"] == last else PALE,
        }
        for row in steps
    ]
    top = max(row["share"] for row in steps)
    base = _chart(values, width=WIDTH - 170, height=26 * len(values))
    y = alt.Y("step:N", sort=[value["step"] for value in values], title=None)
    y = y.axis(ticks=False, domain=False, labelLimit=320, labelColor=INK)
    x = alt.X("share:Q", title=None, scale=alt.Scale(domain=[0, max(top * 1.35, 0.01)], nice=False), axis=None)
    bars = base.mark_bar(height=16).encode(x, y, color=alt.Color("colour:N", scale=None))
    text = base.mark_text(align="left", dx=6, color=INK, size=11).encode(x, y, text="label:N")
    return alt.layer(bars, text).properties(title=alt.TitleParams("From the 2005 count to the headline"))


def _chart(values: list[dict[str, Any]], **size: Any) -> Any:
    """A chart over values written into its specification: nothing is fetched."""
    import altair as alt

    return alt.Chart(cast(Any, alt.Data)(values=values), **size)  # altair has no types here


def _at_threshold(pack: Pack) -> Row | None:
    """The step of the curve where callers still have the threshold: the fewest calls at or over it."""
    over = [row for row in pack.concentration if row["misuse_calls"] >= pack.settings.threshold]
    return min(over, key=lambda row: int(row["misuse_calls"])) if over else None


def _point_label(pack: Pack, at: Row) -> str:
    return (
        f"{pack.settings.threshold} or more calls: {wording.share(at['share_of_callers'])} of people,\n"
        f"{wording.share(at['share_of_calls'])} of identified people's misuse calls"
    )


def _nothing(sentence: str) -> Any:
    """A picture that says why it is empty."""
    import altair as alt

    return alt.layer(
        _chart([{"text": sentence}], width=WIDTH, height=60).mark_text(color=GREY, size=13).encode(text="text:N")
    )


def _dressed(chart: Any) -> Any:
    return (
        chart.configure(font=FONTS, background="white", padding=4)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=GREY, titleColor=GREY, titleFontWeight="normal", titleFontSize=11, labelFontSize=11,
            gridColor="#eceff2", domainColor=PALE, tickColor=PALE,
        )
        .configure_title(
            anchor="start", color=INK, fontSize=13, fontWeight="bold", subtitleColor=GREY, subtitleFontSize=11, offset=10
        )
    )  # fmt: skip
