"""How few make how much, and how firm the order of the most prolific is."""

from __future__ import annotations

from typing import Any

from misuse.reports import wording
from misuse.reports.data import Pack, Row
from misuse.reports.plots import drawing
from misuse.reports.plots.drawing import BAND, BLUE, GREY, INK, ORANGE, PALE, Absent, Picture

RANKS_SHOWN = 20
SURE = 0.95


def concentration_sentence(pack: Pack) -> str:
    """The curve in a sentence."""
    at = _at_threshold(pack)
    if at is None:
        return wording.uncounted(pack) or "Nobody reached the threshold in the window."
    return (
        f"{wording.share(at['share_of_callers'])} of the people with a misuse call made "
        f"{wording.share(at['share_of_calls'])} of identified people's misuse calls."
    )


def concentration(pack: Pack) -> Picture | Absent:
    """The Lorenz curve from the busiest caller on, with its interval, the threshold and the half marked on it."""
    import altair as alt

    if not pack.concentration:
        return Absent("concentration", "How few make how many", "no identified person made a misuse call in the window")
    percent = alt.Axis(format="%", tickCount=5)
    x = alt.X("people:Q", title="share of people with a misuse call, busiest first", axis=percent)
    y = alt.Y("calls:Q", title="share of their misuse calls", axis=percent, scale=alt.Scale(domain=[0, 1]))
    layers = [
        drawing.chart(_band(pack)).mark_area(color=BAND).encode(x, alt.Y("low:Q"), alt.Y2("high:Q")),
        drawing.chart([{"people": 0, "calls": 0}, {"people": 1, "calls": 1}])
        .mark_line(color=PALE, strokeDash=[3, 3], strokeWidth=1)
        .encode(x, y),
        drawing.chart(_curve(pack)).mark_line(color=BLUE, strokeWidth=2).encode(x, y),
        *(_marked(point, x, y) for point in _points(pack)),
        drawing.chart([{"people": 0.62, "calls": 0.56, "label": "if everybody called alike"}])
        .mark_text(align="left", color=GREY, size=10)
        .encode(x, y, text="label:N"),
    ]
    half = pack.estimate("callers_making_half")
    title = (
        f"{wording.of(half['point'], 'person', 'people')} of {_people(pack):,} made half of identified people's misuse calls"
        if half is not None
        else "How few people make how much of the misuse"
    )
    return Picture(
        "concentration",
        title,
        ("Blue: callers counted from the busiest on. Band: at each point, 95 of 100 logs drawn afresh from these callers; it holds the truth less "
         "often than that. Headline window, identified persons only.",),
        alt.layer(*layers).properties(width=drawing.WIDTH, height=230),
        "How few people make how much of the misuse. " + concentration_sentence(pack),
    )  # fmt: skip


def _people(pack: Pack) -> int:
    return sum(int(row["callers"]) for row in pack.concentration)


def _curve(pack: Pack) -> list[dict[str, float]]:
    points = sorted(pack.concentration, key=lambda row: float(row["share_of_callers"]))
    return [{"people": 0.0, "calls": 0.0}] + [
        {"people": row["share_of_callers"], "calls": row["share_of_calls"]} for row in points
    ]


def _band(pack: Pack) -> list[dict[str, float]]:
    """The relation counts from those with fewest calls; from the busiest on both shares are turned round."""
    return [
        {"people": 1.0 - row["share_of_callers"], "low": 1.0 - row["high"], "high": 1.0 - row["low"]}
        for row in pack.rows("lorenz")
    ]


def _points(pack: Pack) -> list[dict[str, Any]]:
    found = []
    half, at = pack.estimate("callers_making_half"), _at_threshold(pack)
    if half is not None and _people(pack):
        label = f"half of the calls: {drawing.spread(half, wording.count)} people"
        found.append({"people": half["point"] / _people(pack), "calls": 0.5, "label": label})
    if at is not None:
        label = (
            f"{pack.settings.threshold} or more calls: {wording.share(at['share_of_callers'])} of people, "
            f"{wording.share(at['share_of_calls'])} of their calls"
        )
        found.append({"people": at["share_of_callers"], "calls": at["share_of_calls"], "label": label})
    if len(found) == 2 and abs(found[0]["calls"] - found[1]["calls"]) < 0.09:
        found[0]["up"] = found[0]["calls"] > found[1]["calls"]
        found[1]["up"] = not found[0]["up"]
    return found


def _marked(point: dict[str, Any], x: Any, y: Any) -> Any:
    import altair as alt

    mark = drawing.chart([point])
    down = 6 if "up" not in point else -2 if point["up"] else 14
    return alt.layer(
        mark.mark_point(color=ORANGE, filled=True, size=70, opacity=1).encode(x, y),
        mark.mark_text(align="left", dx=10, dy=down, color=INK, size=11).encode(x, y, text="label:N"),
    )


def _at_threshold(pack: Pack) -> Row | None:
    """The step of the curve where callers still have the threshold: the fewest calls at or over it."""
    over = [row for row in pack.concentration if row["misuse_calls"] >= pack.settings.threshold]
    return min(over, key=lambda row: int(row["misuse_calls"])) if over else None


def most_prolific(pack: Pack) -> Picture | Absent:
    """The part of the top one, ten and fifty."""
    rows = [(top, row) for top in (1, 10, 50) if (row := pack.estimate(f"top_{top}_share")) is not None]
    if not rows:
        return Absent("most_prolific", "The most prolific", pack.why_not("top_1_share"))
    lines = [
        drawing.dot("the most prolific caller" if top == 1 else f"the {top} most prolific", row, wording.share)
        for top, row in rows
    ]
    top, most = rows[-1]
    gini = pack.estimate("gini")
    note = (
        f" Gini coefficient {drawing.spread(gini, lambda value: f'{value:.2f}')}; 0 is all alike, 1 one caller makes all."
        if gini
        else ""
    )
    return Picture(
        "most_prolific",
        f"{'The most prolific caller' if top == 1 else f'The {top} most prolific callers'} made {wording.share(most['point'])} of identified people's misuse calls",
        (f"Line: {drawing.interval_name(lines)}, of what so large a part of such a population makes; the single most prolific caller has none." + note,),
        drawing.dots(lines, "share of identified people's misuse calls", write=".0%"),
        "; ".join(f"{line.name} {line.label}" for line in lines) + ".",
    )  # fmt: skip


def ranks(pack: Pack) -> Picture | Absent:
    """Between which ranks chance alone would move each of the most prolific."""
    rows = pack.rows("rank_stability")[:RANKS_SHOWN]
    if not rows:
        return Absent("ranks", "How firm the order is", "nobody reached the threshold in the window")
    lines = [
        drawing.Dot(
            pack.case_of(row["caller_id"]), row["rank"],
            f"{wording.of(row['misuse_calls'], 'call')} · rank {_between(row)} · among the ten most: {_chance(row['p_top'])}",
            row["rank_low"], row["rank_high"], is_marked=row["p_top"] >= SURE,
        )
        for row in rows
    ]  # fmt: skip
    sure = sum(row["p_top"] >= SURE for row in pack.rows("rank_stability"))
    return Picture(
        "ranks",
        f"{wording.sentence(wording.of(sure, 'caller'))} {'is' if sure == 1 else 'are'} among the ten most prolific with a chance of 95% or more; below them the order is largely chance"
        if sure
        else "The order of the most prolific is largely chance",
        (f"The {len(lines)} most prolific. Line: 95% of the ranks each would have if its calling came by chance anew in the same window. "
         "Blue, the dark lines: among the ten most with a chance of 95% or more.",),
        drawing.dots(lines, "rank by misuse calls", write="d", step=19, width=260),
        "; ".join(f"{line.name}: {line.label}" for line in lines) + ".",
    )  # fmt: skip


def _between(row: Row) -> str:
    low, high = row["rank_low"], row["rank_high"]
    return str(low) if low == high else f"{low} to {high}"


def _chance(value: float) -> str:
    return "over 99%" if value > 0.995 else "under 1%" if value < 0.01 else f"{100 * value:.0f}%"
