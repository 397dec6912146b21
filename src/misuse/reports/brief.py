"""The one-page brief of the month: every figure in it is quoted from `estimates`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from misuse import wording as plain
from misuse.reports import wording
from misuse.reports.data import SINCE, Pack
from misuse.reports.plots import drawing
from misuse.reports.plots.drawing import Dot, minus
from misuse.reports.plots.work import OUTCOMES
from misuse.reports.quoting import Quote, Quoter

STEPS = (
    "coded_misuse", "by_number", "less_stopped", "less_doubtful", "less_unidentified", "less_shared_lines", "after_linkage",
)  # fmt: skip
MERITS = "Every call is still answered and met on its merits, whoever makes it."


@dataclass(frozen=True)
class Brief:
    """What the page says, by place, and each figure in it with its source."""

    headline: str
    under: tuple[str, ...]
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    bridge: tuple[tuple[str, ...], ...]
    warnings: tuple[str, ...]
    quotes: tuple[Quote, ...]

    @property
    def document(self) -> dict[str, Any]:
        """For the template."""
        return {
            "headline": self.headline,
            "under": list(self.under),
            "sections": [{"title": title, "lines": list(lines)} for title, lines in self.sections],
            "bridge": [list(row) for row in self.bridge],
            "warnings": list(self.warnings),
        }

    def sentences(self) -> list[str]:
        """All that is said, in order."""
        body = [line for _, lines in self.sections for line in lines]
        return [self.headline, *self.under, *body, *(cell for row in self.bridge for cell in row), *self.warnings]


def compose(pack: Pack) -> Brief:
    """The brief of a run."""
    quote = Quoter(pack)
    sections = (
        ("A full day’s work every month? Both readings of the 2005 report", _work(pack, quote)),
        ("What changed", _changed(pack, quote)),
        ("If codes err", _corrected(quote)),
        ("What goes with it for genuine callers", _genuine(quote)),
    )
    return Brief(
        headline=_headline(pack, quote),
        under=tuple(_under(pack, quote)),
        sections=tuple((title, tuple(line for line in lines if line)) for title, lines in sections),
        bridge=tuple(_bridge(pack, quote)),
        warnings=tuple(_warnings(pack, quote)),
        quotes=tuple(quote.quotes),
    )


# -- the headline ------------------------------------------------------------------------------------------------------


def _headline(pack: Pack, quote: Quoter) -> str:
    if wording.uncounted(pack) or not quote.has("share_of_misuse") or not pack.estimates_point("persistent_callers"):
        calls = quote.figure("misuse_calls", _misuse_calls) if quote.has("misuse_calls") else "no misuse calls"
        why = wording.uncounted(pack) or "Nobody reached the threshold."
        verb = "was" if pack.estimates_point("misuse_calls") == 1 else "were"
        return f"{why} {wording.sentence(calls)} {verb} counted in {wording.period(pack)}."
    ends = quote.interval("share_of_misuse", wording.share)
    # Where 95% is not claimed, the line on how far to trust the interval says why.
    name = "95% interval" if plain.is_claimed((pack.estimate("share_of_misuse") or {}).get("method")) else "interval"
    return (
        f"{_callers(quote)} made {quote.figure('share_of_misuse', wording.share)} of misuse calls"
        f"{f' ({name} {ends})' if ends else ''} in {wording.period(pack)}: "
        f"{quote.figure('persistent_misuse_calls', wording.count)} of {quote.figure('misuse_calls', wording.count)}."
    )


def _misuse_calls(value: float) -> str:
    return wording.of(value, "misuse call")


def _callers(quote: Quoter) -> str:
    noun = "persistent caller" if quote.pack.estimates_point("persistent_callers") == 1 else "persistent callers"
    return f"{quote.figure('persistent_callers', wording.count)} {noun}"


def _under(pack: Pack, quote: Quoter) -> list[str]:
    return [line for line in (_bounds(quote), _trusted(quote), _since(pack, quote), wording.coverage(pack)) if line]


def _bounds(quote: Quoter) -> str:
    row = quote.pack.estimate("share_of_misuse")
    if row is None or row["bound_low"] is None or not quote.pack.estimates_point("unidentified_misuse_calls"):
        return ""
    low, high = (quote.figure("share_of_misuse", wording.share, end) for end in ("bound_low", "bound_high"))
    unknown = quote.figure("unidentified_misuse_calls", _misuse_calls)
    return f"Whoever made the {unknown} without a usable number, the share lies between {low} and {high}."


def _trusted(quote: Quoter) -> str:
    """How often such intervals held the truth in trials: said by size, and 95% claimed only where it was so."""
    found = quote.method("share_of_misuse", "it held the truth") or quote.method(
        "share_of_misuse", "with so few callers"
    )
    return f"How far to trust that interval: {found}." if found else ""


def _since(pack: Pack, quote: Quoter) -> str:
    if pack.first_day is None or not quote.has("share_of_misuse", SINCE):
        return ""
    start = f"Since {wording.day(pack.first_day)}, with no window, as the 2005 report counted"
    if pack.is_whole_log:
        return f"{start}: the same, since the window holds the whole log."
    return f"{start}: {quote.spread('share_of_misuse', wording.share, window=SINCE)}; do not trend it."


# -- what it takes, what changed ---------------------------------------------------------------------------------------


def _handlers(value: float) -> str:
    return wording.decimal(value, 1 if value >= 1 else 2)


def _days(value: float) -> str:
    return wording.decimal(value, 2)


def _work(pack: Pack, quote: Quoter) -> list[str]:
    if not quote.has("days_work_all_misuse"):
        why = quote.why_not("days_work_all_misuse")
        return [f"{'Not measured' if pack.excluded['misuse'] else 'None'}: {why}."]
    lines = [
        f"Reading A, all misuse: {quote.spread('days_work_all_misuse', _days)} days’ work a month{_hours(quote, 'all_misuse')}."
    ]
    if quote.has("days_work_persistent") and not wording.uncounted(pack):
        lines.append(
            f"Reading B, persistent callers: {quote.spread('days_work_persistent', _days)} days’ work a month{_hours(quote, 'persistent')}."
        )
    return lines


def _whole_hours(value: float) -> str:
    return wording.mean_of(value, "hour")


def _hours(quote: Quoter, who: str) -> str:
    parts = []
    if quote.has(f"hours_{who}"):
        parts.append(f"{quote.figure(f'hours_{who}', _whole_hours)} of handling{_timed(quote, f'hours_{who}')}")
    if quote.has(f"full_time_{who}"):
        parts.append(f"{quote.figure(f'full_time_{who}', _handlers)} full-time handlers")
    if quote.has(f"unit_hours_{who}"):
        parts.append(f"{quote.figure(f'unit_hours_{who}', _whole_hours)} of units{_timed(quote, f'unit_hours_{who}')}")
    for kind in ("handling", "unit"):
        if quote.has(f"{kind}_cost_{who}"):
            pounds = quote.figure(f"{kind}_cost_{who}", lambda value: f"£{value:,.0f}")
            row = quote.pack.estimate(f"{kind}_cost_{who}") or {}
            is_cashable = "; cashable" in str(row.get("method"))
            parts.append(f"{pounds} of {'units' if kind == 'unit' else kind} ({'' if is_cashable else 'not '}cashable)")
    return f"; {', '.join(parts)}" if parts else ""


def _timed(quote: Quoter, name: str) -> str:
    """On how many misuse calls the time was measured, where not on nearly all: handlers and costs follow from it."""
    return f" ({quote.method(name, 'measured on')})" if wording.timed_part(quote.pack, name) else ""


def _changed(pack: Pack, quote: Quoter) -> list[str]:
    return [_cycle(pack, quote), _growth(quote), _year(quote), _charts(pack), _campaigns(pack)]


def _cycle(pack: Pack, quote: Quoter) -> str:
    if not quote.has("callers_entered_cycle"):
        return ""
    came = quote.figure("callers_entered_cycle", lambda value: wording.of(value, "person", "people"))
    left = quote.figure("callers_left_cycle", lambda value: wording.of(value, "person", "people"))
    return f"In the {pack.settings.cycle_days} days of the last cycle, by today’s rules and identities, {came} came over the line and {left} left it{wording.lacking(pack)}."


def _growth(quote: Quoter) -> str:
    name = "log_growth_like_for_like"
    row = quote.pack.estimate(name, SINCE)
    if row is None or row["low"] is None:
        return ""
    verdict = "no change" if row["low"] <= 0 <= row["high"] else "rose" if row["point"] > 0 else "fell"
    told = quote.spread(name, _points, " points", SINCE)
    return f"Has the share changed? Like for like, in two spans of the log as long: {verdict}, {told}."


def _points(value: float) -> str:
    return minus(f"{100 * value:+.1f}")


def _year(quote: Quoter) -> str:
    if not quote.has("year_on_year_misuse_calls", SINCE):
        return ""
    return f"Misuse calls against last year: {quote.spread('year_on_year_misuse_calls', lambda value: f'{_points(value)}%', window=SINCE)}."


def _charts(pack: Pack) -> str:
    """What the last month's charts say, in words alone."""
    names = {
        "misuse_calls_a_day": "volume",
        "share_of_calls": "misuse’s share of calls",
        "handling_hours_a_day": "handling hours",
    }
    said = {"concern": [], "improvement": [], "chance": []}  # type: dict[str, list[str]]
    for measure, words in names.items():
        rows = [row for row in pack.charted("all", measure) if row["mean"] is not None and row["point"] is not None]
        if rows:
            said[rows[-1]["reading"] or "chance"].append(words)
    told = [f"{', '.join(said[kind])}: {verdict}" for kind, verdict in
            (("concern", "up by more than chance"), ("improvement", "down by more than chance"), ("chance", "nothing but chance")) if said[kind]]  # fmt: skip
    return f"Last whole month, by the rules of XmR charts: {'; '.join(told)}." if told else ""


def _campaigns(pack: Pack) -> str:
    """Dates of the settings, in words alone: their figures are in campaign_effects."""
    means = [row for row in pack.rows("campaign_effects") if row["figure"] == "mean" and row["point"] is not None]
    if not means:
        return ""
    told = [
        f"“{row['campaign']}”: {'more than chance explains' if row['is_finding'] else 'chance may explain it'}"
        for row in means
    ]
    short = any("no season is taken out" in row["method"] for row in means)
    season = " Under two years of log seasons are not taken out." if short else ""
    return f"Change in misuse relative to genuine calls after {'; after '.join(told)}.{season}"


def _corrected(quote: Quoter) -> list[str]:
    if not quote.has("corrected_persistent_callers"):
        return [wording.sentence(quote.why_not("corrected_persistent_callers")) + "."]
    share = (
        f", {quote.spread('corrected_share_of_misuse', wording.share)} of misuse"
        if quote.has("corrected_share_of_misuse")
        else ""
    )
    return [
        f"By calls coded again by two people blind to each other, {quote.spread('corrected_persistent_callers', wording.count)} persons are "
        f"truly over the line{share}, {plain.IF_ALIKE}. By their codes: {quote.figure('persistent_callers', wording.count)}."
        + (f" {wording.sentence(few)}." if (few := _few(quote)) else "")
    ]


def _few(quote: Quoter) -> str:
    return quote.method("corrected_persistent_callers", "few calls were coded again")


def _genuine(quote: Quoter) -> list[str]:
    told = []
    for name in ("answering_delay_seconds", "immediate_minutes_mean", "immediate_share_late"):
        words, unit, factor = OUTCOMES[name]
        if quote.has(f"{name}_difference"):
            said = quote.spread(f"{name}_difference", lambda value, by=factor: minus(f"{by * value:+.2f}"), f" {unit}")  # type: ignore[misc]
            told.append(f"{words} {said}")
    if not told:
        return [f"Not measured: {quote.why_not('answering_delay_seconds_difference')}."]
    return [
        f"In the hours with most handling of persistent callers, against others like them: {'; '.join(told)}. An association, not an effect."
    ]


# -- the bridge, the warnings ------------------------------------------------------------------------------------------


def _bridge(pack: Pack, quote: Quoter) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for step in STEPS:
        if quote.has(f"bridge_{step}_callers"):
            callers, calls = (quote.figure(f"bridge_{step}_{part}", wording.count) for part in ("callers", "calls"))
            name = f"bridge_{step}_share"
            share = quote.figure(name, wording.share) if quote.has(name) else wording.NOT_MEASURED
            rows.append((wording.step(step, pack.settings.threshold), callers, calls, share))
    return rows


def _warnings(pack: Pack, quote: Quoter) -> list[str]:
    said = [
        _log_growth(quote),
    ]
    if pack.estimates_point("safeguards_blind"):
        blind = quote.figure("safeguards_blind", wording.count)
        of = quote.figure("safeguards_blind", wording.count, "denominator")
        said.append(
            f"{blind} of {of} safeguards are blind: this log never says what they look for (misuse source check)."
        )
    if pack.estimates_point("safeguards_blind") == 0:
        said.append("No safeguard is blind.")
    said.append(MERITS)
    return [line for line in said if line]


def _log_growth(quote: Quoter) -> str:
    lead = "As a log grows the share since its start tends to rise though nobody changes: it is no trend."
    if not quote.has("log_growth_observed", SINCE) or not quote.has("log_growth_by_length", SINCE):
        return lead
    ends = [quote.figure("log_growth_observed", wording.share, end, SINCE) for end in ("denominator", "numerator")]
    length = quote.figure("log_growth_by_length", _points, window=SINCE)
    return f"{lead} By whole periods of thirty days it went from {ends[0]} to {ends[1]}; the longer log alone moved it by {length} points."


# -- pictures ----------------------------------------------------------------------------------------------------------

_SHARES = {
    "share_of_misuse": "of misuse calls",
    "share_of_handling": "of handling",
    "share_of_deployment": "of unit time",
}
_WORK = {"days_work_all_misuse": "A: all misuse", "days_work_persistent": "B: persistent"}


def pictures(pack: Pack) -> dict[str, dict[str, Any]]:
    """Two small pictures of figures of `estimates`, as specifications by name; those that have anything to show."""
    wanted = {
        "shares": ("Persistent callers’ share", _lines(pack, _SHARES, wording.share), ".0%"),
        "work": ("Days’ work a month", _lines(pack, _WORK, _days), ".1f"),
    }
    return {name: _small(title, lines, write) for name, (title, lines, write) in wanted.items() if lines}


def _lines(pack: Pack, names: dict[str, str], write: Any) -> list[Dot]:
    return [
        drawing.dot(words + _known(pack, name), row, write)
        for name, words in names.items()
        if (row := pack.estimate(name)) is not None
    ]


def _known(pack: Pack, name: str) -> str:
    part = wording.timed_part(pack, name)
    return f" ({wording.share(part[0] / part[1])} timed)" if part else ""


def _small(title: str, lines: Sequence[Dot], write: str) -> dict[str, Any]:
    picture = drawing.Picture("small", title, (), drawing.dots(lines, "", write=write, width=150, step=24), "")
    return drawing.specification(picture)


def alternatives(pack: Pack) -> dict[str, str]:
    """The pictures in words."""
    return {
        "shares": "; ".join(f"{line.name} {line.label}" for line in _lines(pack, _SHARES, wording.share)),
        "work": "; ".join(f"{line.name} {line.label}" for line in _lines(pack, _WORK, _days)),
    }
