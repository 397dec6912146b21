"""How far the figures can be trusted: coding error, other ways of reckoning, and how flags fall on groups."""

from __future__ import annotations

from collections.abc import Sequence

from misuse.reports import wording
from misuse.reports.data import Pack, Row
from misuse.reports.plots import drawing
from misuse.reports.plots.change import signed_points
from misuse.reports.plots.drawing import BLUE, GREY, Absent, Picture
from misuse.reports.plots.shares import NAMES
from misuse.wording import IF_ALIKE

WAYS_SHOWN = 26
GROUPS = {"home borough": "boroughs", "kind of line": "lines", "vulnerability": "vulnerability"}
MEASURED = ("kind of line", "vulnerability")  # of boroughs there are too many for all measures
EQUALITY_MEASURE = "persons on the tasking list"
CODED = {"misuse": "coded misuse", "doubtful": "doubtful", "other": "coded otherwise"}


def corrected(pack: Pack) -> Picture | Absent:
    """The count of persistent callers as coded, and with coding error reckoned with."""
    raw, mended = pack.estimate("persistent_callers"), pack.estimate("corrected_persistent_callers")
    if raw is None or mended is None:
        return Absent(
            "corrected",
            "Persistent callers with coding error reckoned with",
            pack.why_not("corrected_persistent_callers"),
        )
    plain = {**raw, "low": None, "high": None, "bound_low": None, "bound_high": None}
    lines = [
        drawing.dot("by their codes", plain, wording.count, is_marked=False),
        drawing.dot("coding error reckoned with", mended, wording.count),
    ]
    beyond = mended["low"] > raw["point"] or mended["high"] < raw["point"]
    return Picture(
        "corrected",
        f"By their codes {wording.of(raw['point'], 'caller')} {'is' if raw['point'] == 1 else 'are'} over the line; with coding error reckoned with, "
        f"{drawing.spread(mended, wording.count)}{'' if beyond else ': the difference may be chance'}",
        (f"Line: 95% interval of coding error alone, from calls coded again by two people blind to each other, {IF_ALIKE}. No call becomes misuse and nobody comes on the list by it.",
         *(f"{wording.sentence(few)}." for few in [wording.few_coded(pack)] if few)),
        drawing.dots(lines, "persons truly over the line", write=",d"),
        "; ".join(f"{line.name} {line.label}" for line in lines) + ".",
    )  # fmt: skip


def code_errors(pack: Pack) -> Picture | Absent:
    """By code: the share of frequent callers' calls that truly is misuse."""
    rows = [row for row in pack.rows("code_error_rates") if row["is_frequent"] and row["coded_again"] and row["calls"]]
    if not rows:
        return Absent("code_errors", "How often each code is right", pack.why_not("corrected_persistent_callers"))
    order = sorted(rows, key=lambda row: (list(CODED).index(row["kind"]), -row["misuse_share"]))
    lines = [
        drawing.Dot(
            f"{CODED[row['kind']]}: {row['stratum']}", row["misuse_share"],
            f"{drawing.spread({'point': row['misuse_share'], **row}, wording.share)} · {row['coded_again']:,} of {row['calls']:,} coded again",
            row["low"], row["high"], is_marked=row["kind"] == "misuse",
        )
        for row in order
    ]  # fmt: skip
    coded = [row for row in rows if row["kind"] == "misuse"]
    missed = [row for row in rows if row["kind"] == "other"]

    def mean(of: Sequence[Row]) -> str:
        return (
            wording.share(sum(row["misuse_share"] * row["calls"] for row in of) / sum(row["calls"] for row in of))
            if of
            else wording.NOT_MEASURED
        )

    return Picture(
        "code_errors",
        f"Of frequent callers' calls coded misuse {mean(coded)} truly are; of those coded otherwise {mean(missed)}",
        ("Share that truly is misuse, by what two coders blind to each other said. Line: 95% interval.",),
        drawing.dots(lines, "share of calls that truly is misuse", write=".0%", step=20),
        "; ".join(f"{line.name} {line.label}" for line in lines) + ".",
    )


def chances(pack: Pack) -> Picture | Absent:
    """How surely those counted over the line truly are."""
    import altair as alt

    listed = {row["caller_id"] for row in pack.persistent}
    every = pack.rows("caller_chances")
    if not every:
        return Absent(
            "chances", "How surely each person is over the line", pack.why_not("corrected_persistent_callers")
        )
    counts: dict[tuple[int, bool], int] = {}
    for row in every:
        place = min(int(row["p_at_least_threshold"] * 10), 9)
        key = place, row["caller_id"] in listed
        counts[key] = counts.get(key, 0) + 1
    values = [
        {"chance": f"{10 * place}–{10 * place + 10}%", "callers": count, "order": int(not is_listed), "fill": BLUE if is_listed else "white", "edge": BLUE if is_listed else GREY}
        for (place, is_listed), count in sorted(counts.items())
        if is_listed or place > 0
    ]  # fmt: skip
    names = [f"{10 * place}–{10 * place + 10}%" for place in range(10)]
    base = drawing.chart(values, width=drawing.WIDTH, height=200)
    x = alt.X("chance:N", sort=names, title="chance of truly being over the line", scale=alt.Scale(domain=names)).axis(
        labelAngle=0
    )
    y = alt.Y("callers:Q", stack="zero", title="callers").axis(format=",d", tickMinStep=1)
    # Full and empty: printed in grey the two hues are one.
    bars = base.mark_bar(strokeWidth=1.5).encode(
        x, y, fill=alt.Fill("fill:N", scale=None), stroke=alt.Stroke("edge:N", scale=None), order="order:Q"
    )
    over = [row["p_at_least_threshold"] for row in every if row["caller_id"] in listed]
    under = [row["p_at_least_threshold"] for row in every if row["caller_id"] not in listed]
    doubtful, likely = sum(p < 0.95 for p in over), sum(p > 0.5 for p in under)
    words = (
        f"Of {wording.of(len(over), 'person')} counted over the line {doubtful:,} have a chance below 95% of truly being so; "
        f"{likely:,} not counted are more likely over it than not"
    )
    return Picture(
        "chances", words,
        (f"By their codes. Those not counted over it with a chance under 10% are left out. Each chance is exact given the rates of error, {IF_ALIKE}.",
         *(f"{wording.sentence(few)}." for few in [wording.few_coded(pack)] if few)),
        alt.layer(bars, *drawing.heads([("counted over the line", BLUE, 0.0), ("not counted over it (empty)", GREY, 140.0)])), words + ".",
    )  # fmt: skip


# -- other ways of reckoning -------------------------------------------------------------------------------------------


def sensitivity(pack: Pack) -> Picture | Absent:
    """How the share would move under other rules, the largest moves first."""
    rows = [row for row in pack.rows("sensitivity") if row["share_change"] is not None]
    moved = sorted((row for row in rows if row["share_change"]), key=lambda row: -abs(row["share_change"]))[:WAYS_SHOWN]
    if not moved:
        return Absent("sensitivity", "How the share moves with other rules", "no other way of reckoning moves it")
    lines = [
        drawing.Dot(
            _way(row), row["share_change"],
            f"{signed_points(row['share_change'])} · {wording.of(row['callers'], 'caller')}, {row['entered']:,} come, {row['left_it']:,} go",
        )
        for row in moved
    ]  # fmt: skip
    top = moved[0]
    return Picture(
        "sensitivity",
        f"Of other ways of reckoning, “{_way(top)}” moves the share most: {signed_points(top['share_change'])}",
        ("The headline's share under each other rule, less the headline's. Recounted on the same calls, so no interval. Who comes and goes: sensitivity_callers.",),
        drawing.dots(lines, "difference of the share", write="points", zero="the headline", step=20),
        "; ".join(f"{line.name} {line.label}" for line in lines) + ".",
    )  # fmt: skip


def _way(row: Row) -> str:
    kind, way = row["kind"], row["way"]
    named = {
        "threshold": f"threshold {way}", "window": NAMES.get(way, f"window {way}"), "counting": f"counting {way}",
        "without code": f"without the code {way}", "identity": f"callers at the level “{way}”",
    }  # fmt: skip
    return named.get(kind, f"{kind} {way}")


# -- groups ------------------------------------------------------------------------------------------------------------


def equality(pack: Pack) -> list[Picture | Absent]:
    """How often persons of each group are on the tasking list, small numbers kept back."""
    return [*(_groups(pack, dimension) for dimension in GROUPS), *(_measures(pack, name) for name in MEASURED)]


def _measures(pack: Pack, dimension: str) -> Picture | Absent:
    """Stops, lanes and doubt by group, one measure under the other."""
    name, title = f"equality_measures_{GROUPS[dimension]}", f"Flags, lanes and doubt by {dimension}"
    rows = [row for row in pack.rows("equality") if row["dimension"] == dimension]
    told = [row for row in rows if row["rate"] is not None and row["measure"] != EQUALITY_MEASURE]
    if not told:
        return Absent(name, title, "every group is too small to be told" if rows else "the log holds no such group")
    order = sorted(told, key=lambda row: (row["measure"], -row["rate"]))
    lines = [
        drawing.Dot(
            f"{row['measure']}: {_group(row)}", row["rate"],
            f"{drawing.spread({'point': row['rate'], **row}, wording.share)} · {row['value']:,} of {row['of_all']:,}", row["low"], row["high"],
        )
        for row in order
    ]  # fmt: skip
    kept = sum(bool(row["is_suppressed"]) for row in rows)
    back = f" {wording.sentence(wording.of(kept, 'number'))} kept back as too small." if kept else ""
    # A known vulnerability makes support the lane by rule: that is no finding.
    by_rule = dimension == "vulnerability"
    apart = _widest([row for row in told if not (by_rule and row["measure"].startswith("lane "))])
    back += " A known vulnerability makes support the lane by rule, so the title leaves lanes out." if by_rule else ""
    return Picture(
        name,
        f"{title}: {'beside lanes, ' if by_rule else ''}“{apart[0]}” differs most, {wording.share(apart[1]['rate'])} ({_group(apart[1])}) against {wording.share(apart[2]['rate'])} ({_group(apart[2])})"
        if apart
        else title,
        ("Persons of those with a coded misuse call; lanes of those on the tasking list; calls of the coded ones, or of those coded again. Line: 95% interval of chance (Wilson). "
         "A difference is a question, not an answer." + back,),
        drawing.dots(lines, "rate", write=".0%", step=18),
        "; ".join(f"{line.name} {line.label}" for line in lines) + ".",
    )  # fmt: skip


def _widest(told: Sequence[Row]) -> tuple[str, Row, Row] | None:
    """The measure whose groups lie farthest apart, with its highest and lowest."""
    by: dict[str, list[Row]] = {}
    for row in told:
        by.setdefault(str(row["measure"]), []).append(row)
    ends = [
        (measure, max(rows, key=lambda row: float(row["rate"])), min(rows, key=lambda row: float(row["rate"])))
        for measure, rows in sorted(by.items())
        if len(rows) > 1
    ]
    return max(ends, key=lambda end: end[1]["rate"] - end[2]["rate"], default=None)


def _groups(pack: Pack, dimension: str) -> Picture | Absent:
    name = f"equality_{GROUPS[dimension]}"
    rows = [row for row in pack.rows("equality") if (row["dimension"], row["measure"]) == (dimension, EQUALITY_MEASURE)]
    told = [row for row in rows if row["rate"] is not None]
    title = f"Persons on the tasking list by {dimension}"
    if not told:
        return Absent(name, title, "every group is too small to be told" if rows else "the log holds no such group")
    kept = [row["group_name"] for row in rows if row["is_suppressed"]]
    ordered = sorted(told, key=lambda row: -row["rate"])
    lines = [
        drawing.Dot(
            _group(row), row["rate"],
            f"{drawing.spread({'point': row['rate'], **row}, wording.share)} · {row['value']:,} of {row['of_all']:,}", row["low"], row["high"],
        )
        for row in ordered
    ]  # fmt: skip
    named = [row for row in ordered if row["group_name"] != "not recorded"] or ordered
    first, last = named[0], named[-1]
    back = f" Kept back as too small: {', '.join(drawing.place(name) for name in kept)}." if kept else ""
    said = (
        f", from {wording.share(last['rate'])} ({_group(last)}) to {wording.share(first['rate'])} ({_group(first)})"
        if len(told) > 1
        else ""
    )
    return Picture(
        name,
        f"{title}{said}",
        ("Of the group's persons with a coded misuse call. Line: 95% interval of chance (Wilson). A difference is a question, not an answer." + back,),
        drawing.dots(lines, "share of the group's persons with a coded misuse call", write=".0%", step=17 if len(lines) > 12 else 26),
        "; ".join(f"{line.name} {line.label}" for line in lines) + ".",
    )  # fmt: skip


def _group(row: Row) -> str:
    name = str(row["group_name"])
    return drawing.place(name) if name.isupper() else name
