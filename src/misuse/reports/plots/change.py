"""What changed: a campaign's date, the log's growth, year on year, who came and went and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from misuse.reports import wording
from misuse.reports.data import SINCE, Pack, Row
from misuse.reports.plots import drawing
from misuse.reports.plots.drawing import BLUE, GREY, INK, ORANGE, Absent, Picture

REASONS = {
    "new_calls": "new calls",
    "late_data": "late or corrected data",
    "fell_out": "calls fell out of the window",
    "stop": "a hard stop",
    "doubt": "a doubtful code",
    "identity": "who is one caller",
    "rules": "rules",
    "threshold": "another threshold",
}
GROWTH = {
    "log_growth_observed": "the share since the log began, now less earlier",
    "log_growth_by_length": "of that, the longer log alone",
    "log_growth_like_for_like": "of that, change like for like",
}


def points(value: float) -> str:
    """A difference of shares in percentage points, the word left out."""
    return drawing.minus(f"{100 * value:+.1f}")


def fine_points(value: float) -> str:
    """The same to a hundredth."""
    return drawing.minus(f"{100 * value:+.2f}")


def signed_points(value: float) -> str:
    """A difference of shares in percentage points."""
    return f"{points(value)} points"


def signed(value: float) -> str:
    """A relative change."""
    return drawing.minus(f"{100 * value:+.1f}%")


# -- campaigns ---------------------------------------------------------------------------------------------------------


def campaigns(pack: Pack) -> list[Picture | Absent]:
    """The effects of every campaign of the settings, and each one's weeks."""
    rows = pack.rows("campaign_effects")
    if not rows:
        return [Absent("campaigns", "Campaigns and other dates", "the settings name no campaign ([campaigns])")]
    means = [row for row in rows if row["figure"] == "mean"]
    return [
        _effects(rows),
        *(_weeks(pack, row) for row in sorted(means, key=lambda row: (row["began"], row["campaign"]))),
    ]


def _effects(rows: Sequence[Row]) -> Picture | Absent:
    parts = {"mean": "misuse relative to genuine calls", "alone": "misuse alone", "control": "genuine calls alone"}
    told = [row for row in rows if row["figure"] in parts and row["point"] is not None]
    if not told:
        return Absent(
            "campaigns",
            "What campaigns brought",
            "; ".join(f"{row['campaign']}: {_why(row)}" for row in rows if row["figure"] == "mean"),
        )
    order = sorted(told, key=lambda row: (row["began"], row["campaign"], list(parts).index(row["figure"])))
    lines = [
        drawing.dot(f"{row['campaign']}, from {wording.short_day(row['began'])}: {parts[row['figure']]}", row, signed,
                    is_marked=row["figure"] == "mean")
        for row in order
    ]  # fmt: skip
    means = [row for row in told if row["figure"] == "mean"]
    found = [row["campaign"] for row in means if row["is_finding"]]
    title = (
        f"A change that chance does not explain followed {len(found)} of {wording.of(len(means), 'date')}: {', '.join(found)}"
        if found
        else f"After none of {wording.of(len(means), 'date')} did misuse change by more than chance"
    )
    return Picture(
        "campaigns", title,
        ("Mean change after the date against what the weeks before would have led to. Line: 95% interval. Blue: what a finding hangs on. "
         "Genuine calls are the control: what befalls both is no effect. One place, no lottery: what else happened then is in it." + _seasons(told),),
        drawing.dots(lines, "change", write="+.0%", zero="no change"),
        "; ".join(f"{line.name} {line.label}" for line in lines) + ".",
    )  # fmt: skip


def _why(row: Row) -> str:
    return str(row["method"]).removeprefix("not reckoned: ")


def _seasons(rows: Sequence[Row]) -> str:
    """Under two years a season of either kind of call may look like a change."""
    is_short = any("no season is taken out" in row["method"] for row in rows)
    return (
        " The log is under two years, so seasons are not taken out: one of them may look like a change."
        if is_short
        else ""
    )


def file_name(campaign: str) -> str:
    """A campaign's picture: letters and digits of its name alone."""
    return "campaign_" + (re.sub(r"[^a-z0-9]+", "_", campaign.lower()).strip("_") or "unnamed")


def _weeks(pack: Pack, effect: Row) -> Picture | Absent:
    campaign, name = effect["campaign"], file_name(effect["campaign"])
    weeks = [row for row in pack.rows("campaign_series") if row["campaign"] == campaign]
    if effect["point"] is None or not weeks:
        return Absent(name, f"Week by week round {campaign}", _why(effect))
    verdict = "more than chance explains" if effect["is_finding"] else "which chance may explain"
    return Picture(
        name,
        f"After {campaign} misuse stood at {signed(effect['point'])} relative to genuine calls "
        f"({signed(effect['low'])} to {signed(effect['high'])}), {verdict}",
        ("Dots: misuse calls a week. Line: as the model has them, with genuine calls as control. Dashed: without the change. "
         "The interval is of the mean change after the date." + _seasons([effect]),),
        _series(weeks, effect),
        f"Misuse calls a week, {len(weeks)} weeks, {campaign} from {wording.day(effect['began'])}; mean change "
        f"{drawing.spread(effect, signed)}, {verdict}.",
    )  # fmt: skip


def _series(weeks: Sequence[Row], effect: Row) -> Any:
    import altair as alt

    values = [
        {"week": row["first_date"].isoformat(), "misuse": row["misuse_calls"], "fitted": row["fitted"],
         "expected": row["expected"] if row["week"] >= 0 else None}
        for row in weeks
    ]  # fmt: skip
    after = [value for value in values if value["expected"] is not None]
    x = alt.X("week:T", title=None).axis(format="%b %Y", tickCount=8, grid=False)
    y = alt.Y("misuse:Q", title="misuse calls a week", scale=alt.Scale(zero=False))
    base = drawing.chart(values, width=drawing.WIDTH, height=220)
    began = drawing.chart(
        [{"week": effect["began"].isoformat(), "text": f"{effect['campaign']}, {wording.short_day(effect['began'])}"}]
    )
    ends = [
        {"week": after[-1]["week"], "at": after[-1][name], "text": words}
        for name, words in (("fitted", "with the change"), ("expected", "without"))
    ]
    apart = 0 if abs(ends[0]["at"] - ends[1]["at"]) > 0.05 * max(row["misuse"] for row in values) else 7
    layers = [
        base.mark_point(filled=True, size=22, color=GREY, opacity=0.8).encode(x, y),
        drawing.chart(after).mark_line(color=ORANGE, strokeDash=[5, 3], strokeWidth=2).encode(x, alt.Y("expected:Q")),
        *(drawing.chart([value for value in values if (value["expected"] is None) == is_before]).mark_line(color=BLUE, strokeWidth=2).encode(x, alt.Y("fitted:Q")) for is_before in (True, False)),
        began.mark_rule(color=INK, strokeWidth=1).encode(x),
        began.mark_text(align="center", baseline="bottom", dy=-4, color=INK, size=11).encode(x, y=alt.value(0), text="text:N"),
        *(drawing.chart([end]).mark_text(align="left", dx=6, dy=shift, size=11, color=colour).encode(x, alt.Y("at:Q"), text="text:N")
          for end, colour, shift in zip(ends, (BLUE, ORANGE), _shifts(ends, apart), strict=True)),
    ]  # fmt: skip
    return alt.layer(*layers)


def _shifts(ends: Sequence[dict[str, Any]], apart: int) -> tuple[int, int]:
    """Labels that would lie on each other move apart, the upper one up."""
    return (-apart, apart) if ends[0]["at"] >= ends[1]["at"] else (apart, -apart)


# -- growth and years --------------------------------------------------------------------------------------------------


def log_growth(pack: Pack) -> Picture | Absent:
    """How much of a change in the share since the log's start the longer log alone explains."""
    rows = {name: row for name in GROWTH if (row := pack.estimate(name, window=SINCE)) is not None}
    if len(rows) < len(GROWTH):
        return Absent(
            "log_growth", "The share since the log began is no trend", pack.why_not("log_growth_observed", SINCE)
        )
    lines = [
        drawing.dot(words, rows[name], points, unit=" points", is_marked=name == "log_growth_like_for_like")
        for name, words in GROWTH.items()
    ]
    change = rows["log_growth_like_for_like"]
    verdict = (
        "like for like nothing changed by more than chance"
        if change["low"] is not None and change["low"] <= 0 <= change["high"]
        else f"like for like it {'rose' if change['point'] > 0 else 'fell'}"
    )
    observed = rows["log_growth_observed"]
    return Picture(
        "log_growth",
        f"The share since the log began, by whole periods of thirty days, went from {wording.share(observed['denominator'])} to {wording.share(observed['numerator'])}; {verdict}",
        (f"Never trend that share: as a log grows it tends to rise though nobody changes. Line: {drawing.interval_name(lines)}. Blue: as many days before each date, the one to judge by.",),
        drawing.dots(lines, "difference of shares", write="points", zero="no change"),
        "; ".join(f"{line.name} {line.label}" for line in lines) + ".",
    )  # fmt: skip


def year_on_year(pack: Pack) -> Picture | Absent:
    """The last year against the one before."""
    calls, share = (pack.estimate(f"year_on_year_{name}", window=SINCE) for name in ("misuse_calls", "share"))
    if calls is None:
        return Absent("year_on_year", "This year against last", pack.why_not("year_on_year_misuse_calls", SINCE))
    lines = [drawing.dot("misuse calls, relative", calls, signed)]
    if share is not None:
        lines.append(drawing.dot("share of persons over the line, difference", share, points, unit=" points"))
    moved = calls["low"] is not None and not calls["low"] <= 0 <= calls["high"]
    return Picture(
        "year_on_year",
        f"This year misuse calls stood at {signed(calls['point'])} against last, {'more than chance' if moved else 'which chance may explain'}",
        (f"The last 360 days against the 360 before. Line: {drawing.interval_name(lines)}. Two years are two years, not a trend.",),
        drawing.dots(lines, "change", write="+.0%", zero="no change"),
        "; ".join(f"{line.name} {line.label}" for line in lines) + ".",
    )  # fmt: skip


# -- who came and went -------------------------------------------------------------------------------------------------


def differences(pack: Pack) -> Picture | Absent:
    """How many came over the line and left it since the run before, by what decided it."""
    import altair as alt

    rows = pack.rows("list_differences")
    title = "Who came over the line and who left it"
    if not rows:
        why = "nobody did since the run before" if pack.rows("reason_totals") else _no_earlier(pack)
        return Absent("differences", title, why)
    counted = Counter(
        (row["movement"], (row["decisive"] or row["reasons"] or ["not told"])[0].split()[0]) for row in rows
    )
    values = [
        {"reason": REASONS.get(reason, reason), "movement": movement, "callers": count if movement == "entered" else -count, "text": f"{count:,}",
         "colour": ORANGE if movement == "entered" else BLUE}
        for (movement, reason), count in counted.most_common()
    ]  # fmt: skip
    came, left = (
        sum(count for (movement, _), count in counted.items() if movement == way) for way in ("entered", "left")
    )
    names = list(dict.fromkeys(value["reason"] for value in values))
    most = max(abs(value["callers"]) for value in values)
    base = drawing.chart(values, width=380, height=30 * len(names))
    x = alt.X(
        "callers:Q",
        title="callers: left to the left, came to the right",
        scale=alt.Scale(domain=[-most * 1.15, most * 1.15], nice=False),
    )
    x = x.axis(labelExpr="format(abs(datum.value), ',d')", tickMinStep=1, tickCount=6)
    y = alt.Y("reason:N", sort=names, title=None).axis(ticks=False, domain=False, labelColor=INK, labelLimit=260)
    bars = base.mark_bar(height=16).encode(x, y, color=alt.Color("colour:N", scale=None))
    texts = [
        base.transform_filter(f"datum.movement == '{way}'").mark_text(align=align, dx=dx, color=INK, size=11).encode(x, y, text="text:N")
        for way, align, dx in (("entered", "left", 5), ("left", "right", -5))
    ]  # fmt: skip
    touched = sum(bool(row["decisions"]) for row in rows)
    return Picture(
        "differences",
        f"Since the list to {wording.day(rows[0]['previous_as_of'])} {wording.of(came, 'caller')} came over the line and {left:,} left it",
        (f"By the weightiest reason without which it had not happened. {wording.sentence(wording.of(touched, 'caller'))} with an earlier decision: "
         "see relation list_differences. Counts of what happened, so no interval.",),
        alt.layer(bars, *texts),
        "; ".join(f"{value['movement']} by {value['reason']}: {value['text']}" for value in values) + ".",
    )  # fmt: skip


def reasons(pack: Pack) -> Picture | Absent:
    """What the share would be without what each reason brought and took since the run before."""
    rows = [row for row in pack.rows("reason_totals") if row["share_without"] is not None and row["share"] is not None]
    if not rows:
        return Absent(
            "reasons",
            "What moved the headline since the run before",
            _no_earlier(pack),
        )
    ordered = sorted(rows, key=lambda row: -abs(row["share"] - row["share_without"]))
    lines = [
        drawing.Dot(
            REASONS.get(row["reason"], str(row["reason"])), row["share"] - row["share_without"],
            f"{fine_points(row['share'] - row['share_without'])} points · without it {wording.of(row['callers_without'], 'caller')} · "
            f"{wording.of(row['gained_calls'], 'call')} gained, {row['lost_calls']:,} lost",
        )
        for row in ordered
    ]  # fmt: skip
    now = rows[0]
    top = ordered[0]
    return Picture(
        "reasons",
        f"Since the list to {wording.day(now['previous_as_of'])} {REASONS.get(top['reason'], top['reason'])} moved the share most: "
        f"{fine_points(top['share'] - top['share_without'])} points; it is now {wording.share(now['share'])}, of {wording.of(now['callers'], 'caller')}",
        ("The headline's share less what it would be had the calls that this reason brought and took not come or gone. Recounted, so no interval.",),
        drawing.dots(lines, "difference of the share", write="points", zero="no change"),
        "; ".join(f"{line.name}: {line.label}" for line in lines) + ".",
    )  # fmt: skip


def _no_earlier(pack: Pack) -> str:
    return (
        "no call came or went since the run before, or its copy is no longer kept"
        if pack.has_earlier_run
        else "there is no earlier run to be held against"
    )
