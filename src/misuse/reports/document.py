"""The meeting's pack and the look list as PDF, each one Typst compile over one JSON document.

Every figure is put into words here; the templates only lay out. Values reach Typst as data, never as markup.
"""

from __future__ import annotations

import json
import re
from datetime import UTC
from pathlib import Path
from typing import Any

from misuse import wording as plain
from misuse.reports import brief, charts, figures, pages, wording
from misuse.reports.data import HEADLINE, SINCE, Detail, Pack
from misuse.reports.figures import Measure
from misuse.reports.plots import drawing, people

TEMPLATES = Path(__file__).parent
COVER_PICTURES = ("months", "concentration", "bridge")
_SVG_WIDTH = re.compile(r'<svg[^>]* width="([0-9.]+)"')
_PAGE_POINTS = 820.0  # of an SVG as wide as a page's text
# Beyond so many, the pack prints only what is new this cycle and says where the whole list is.
LOOK_ROWS_IN_PACK = 60
LOOK_ROWS_PRINTED = 5_000  # of the list alone; sheets hold every row
SHOWN_CHANGES = 6
LOOK_ORDER = (
    "Overleaf, in this order: new this cycle and urgent; the others new; the others urgent; the rest. In each, those with "
    "most coded misuse come first. A caller may have several reasons."
)
QUESTION = (
    "The 2005 report says: “43% of misuse calls, which in turn represent a full days work every month (over 6000 calls)”. "
    "“Which” can mean all misuse (reading A) or only the persistent callers’ part of it (reading B), so both are counted."
)


def tasking_list(pack: Pack, drawn: charts.Gallery) -> bytes:
    """The cover, a page a caller for parts 1 to 3, part 4 and the look list."""
    shown = [one for one in drawn.pictures if one.name in COVER_PICTURES]
    pictures = {one.name: drawing.svg(drawing.specification(one)) for one in shown}  # the page says which run it is
    return _compile("pack.typ", pack, _document(pack) | {"pictures": pictures, "alt": drawn.words})


def monthly_brief(pack: Pack) -> bytes:
    """The month on one page."""
    pictures = {name: drawing.svg(one) for name, one in brief.pictures(pack).items()}
    said = {"brief": brief.compose(pack).document, "pictures": pictures, "alt": brief.alternatives(pack)}
    return _compile("brief.typ", pack, {"stamp": _stamp(pack)} | said)


def picture_book(pack: Pack, drawn: charts.Gallery) -> bytes:
    """Every picture with its finding, and why others are not drawn."""
    pictures = [
        {"svg": drawn.svg[one.name], "words": one.words, "width": _width(drawn.svg[one.name])} for one in drawn.pictures
    ]
    absent = [charts.why(one) for one in drawn.absent]
    return _compile("pictures.typ", pack, {"stamp": _stamp(pack), "pictures": pictures, "absent": absent})


def _width(svg: str) -> float:
    """The part of a page's width that a picture takes, so that letters are of one size."""
    found = _SVG_WIDTH.search(svg)
    return min(float(found[1]) / _PAGE_POINTS, 1.0) if found else 1.0


def look_list(pack: Pack) -> bytes:
    """The look list alone: whole, or as much of it as anybody turns over."""
    look = pages.look(pack, whole=True, most=LOOK_ROWS_PRINTED)
    held = {"summary": pages.look_summary(pack), "order": LOOK_ORDER, "look": look}
    return _compile("look.typ", pack, {"stamp": _stamp(pack), **held})


def _compile(template: str, pack: Pack, document: dict[str, Any]) -> bytes:
    """The PDF, tagged to PDF/UA so that a screen reader can follow it.

    The standard forbids a character that no font here can show. Codes and boroughs come from
    anybody's log, so such a one costs the standard's seal and never the meeting its pack.
    """
    import typst

    words = json.dumps(document, ensure_ascii=False)
    try:
        return _typeset(template, pack, words, is_sealed=True)
    except typst.TypstError:
        return _typeset(template, pack, words, is_sealed=False)


def _typeset(template: str, pack: Pack, words: str, *, is_sealed: bool) -> bytes:
    import typst

    made = typst.compile(
        str(TEMPLATES / template),
        root=str(TEMPLATES),
        ignore_system_fonts=True,  # the same pages on every machine
        font_paths=[],
        sys_inputs={"document": words},
        pdf_standards=["ua-1"] if is_sealed else [],
        timestamp=int(pack.stamp.made_at.astimezone(UTC).timestamp()),
    )
    return bytes(made)


def _stamp(pack: Pack) -> dict[str, Any]:
    stamp = pack.stamp
    return {
        "marking": stamp.marking,
        "handling": stamp.handling,
        "force": stamp.force,
        "run_id": stamp.run_id,
        "as_of": wording.day(stamp.as_of),
        "freshness": wording.freshness(stamp),
        "warning": wording.stale_warning(stamp),
    }


def _document(pack: Pack) -> dict[str, Any]:
    return {
        "stamp": _stamp(pack),
        "cover": _cover(pack),
        "changes": _changes(pack),
        "decisions": _decisions(pack),
        "tonight": _tonight(pack),
        "safeguards": _safeguards(pack),
        "reading": _how_to_read(pack),
        "callers": [pages.caller(pack, row, pack.details.get(row["caller_id"], Detail())) for row in pack.meeting],
        "waiting": pages.waiting(pack),
        "waiting_note": pages.waiting_note(pack),
        "look": pages.look(pack, whole=len(pack.look) <= LOOK_ROWS_IN_PACK),
    }


# -- the cover ---------------------------------------------------------------------------------------------------------


def _cover(pack: Pack) -> dict[str, Any]:
    work = figures.workload(pack)
    since = wording.day(pack.first_day) or "the log began"
    return {
        "headline": wording.headline(pack),
        "since": wording.since(pack),
        "notes": [note for note in _notes(pack) if note],
        "tiles": _tiles(pack, work),
        "question": QUESTION,
        "readings": _readings(pack, work),
        "bridges": _bridges(pack),
        "same_bridge": f"Since {since} the bridge is that of page 1: the window holds the whole log.",
        "curve": people.concentration_sentence(pack),
    }


def _notes(pack: Pack) -> tuple[str, ...]:
    return (
        wording.apart(pack),
        wording.coverage(pack),
        wording.bounds(pack),
        wording.timed(pack),
        wording.corrected(pack),
    )


def _bridges(pack: Pack) -> list[dict[str, Any]]:
    """The headline's bridge; the one since the log's start only where it can differ."""
    headline = {"title": wording.period(pack), "rows": _bridge(pack, HEADLINE)}
    if pack.is_whole_log:
        return [headline]
    title = f"since {wording.day(pack.first_day)}" if pack.first_day else "since the log began"
    return [headline, {"title": title, "rows": _bridge(pack, SINCE)}]


def _tiles(pack: Pack, work: figures.Workload) -> list[dict[str, str]]:
    """Four figures large enough to be read across a table."""
    final = pack.final()
    if not pack.excluded["misuse"]:
        return _empty_tiles()
    if wording.uncounted(pack):
        return _personless_tiles(pack, work)
    known = _known(pack)
    return [
        {
            "figure": wording.share(final["share"] if final else None),
            "name": "of misuse calls",
            "note": wording.interval(pack.estimate("share_of_misuse")),
        },
        {"figure": _point(work.share_handling, wording.share), "name": f"of misuse handling time{known}", "note": _spread(work.share_handling, wording.share)},
        {"figure": _point(work.days_persistent, _days), "name": "their days’ work a month", "note": _spread(work.days_persistent, _days)},
        {"figure": _point(work.hours_persistent, wording.hours), "name": f"their handling a month{known}", "note": _beside(work.hours_all)},
    ]  # fmt: skip


def _known(pack: Pack) -> str:
    """Beside a figure of handling: of how much of the calls it is known, where that is not nearly all."""
    part = wording.timed_part(pack, "share_of_handling", "hours_all_misuse")
    return f", known of {wording.share(part[0] / part[1])} of calls" if part else ""


def _personless_tiles(pack: Pack, work: figures.Workload) -> list[dict[str, str]]:
    """A log without persons has no share of theirs to show: what it can show instead."""
    none = "persons cannot be counted"
    apart = [row for row in pack.apart if row["window_name"] == HEADLINE]
    made = sum(int(row["misuse_calls"]) for row in apart)
    return [
        {"figure": wording.count(pack.excluded["misuse"]), "name": "misuse calls", "note": none},
        {"figure": wording.share(made / pack.excluded["misuse"] if pack.excluded["misuse"] else None), "name": f"of them by lines or premises with {wording.apart_threshold(pack)} or more in a calendar month", "note": ""},
        {"figure": _point(work.days_all, _days), "name": "all misuse, days’ work a month", "note": _spread(work.days_all, _days)},
        {"figure": _point(work.hours_all, wording.hours), "name": f"all misuse, handling a month{_known(pack)}", "note": ""},
    ]  # fmt: skip


def _empty_tiles() -> list[dict[str, str]]:
    """Without misuse nothing is unmeasured: there is none of it."""
    names = ("misuse calls", "misuse handling time", "days’ work a month", "handling a month")
    return [{"figure": "none", "name": name, "note": ""} for name in names]


def _beside(measure: Measure) -> str:
    """All misuse beside the persistent callers' part of it."""
    return "this log cannot support it" if measure.point is None else f"all misuse {wording.hours(measure.point)}"


def _point(measure: Measure, write: Any) -> str:
    return str(write(measure.point))


def _spread(measure: Measure, write: Any) -> str:
    if measure.point is None:
        return "this log cannot support it"
    if measure.low is None or measure.high is None:
        return "interval not measured"
    return plain.interval(write(measure.low), write(measure.high), is_claimed=measure.is_claimed)


def _days(value: float | None) -> str:
    return wording.decimal(value, 2)


def _readings(pack: Pack, work: figures.Workload) -> list[str]:
    """Both readings of the report's `a full days work every month`."""
    if work.days_all.point is None:
        return [wording.no_readings(pack)]
    said = [
        f"A, all misuse: {wording.mean_of(work.calls_all or 0, 'call')} a month, {_days(work.days_all.point)} days’ work"
        f"{_bracket(work.days_all)}.",
        f"B, persistent callers alone: {wording.mean_of(work.calls_persistent or 0, 'call')} a month, "
        f"{_days(work.days_persistent.point)} days’ work{_bracket(work.days_persistent)}.",
        "A day’s work is the calls of a mean day of the same month, averaged over "
        f"{wording.of(work.whole_months, 'whole month')}.",
        _time_shares(work),
    ]
    if wording.uncounted(pack):
        return [said[0], "B, persistent callers alone: not measured, since persons cannot be counted.", said[2]]
    return said


def _time_shares(work: figures.Workload) -> str:
    """The persistent callers' share of time, for those kinds of time that the log measures."""
    kinds = (("handling", work.share_handling), ("unit", work.share_units))
    told = [f"{wording.share(one.point)} of misuse {name} time" for name, one in kinds if one.point is not None]
    untold = [f"{name} time is not measured by this log" for name, one in kinds if one.point is None]
    return (
        wording.sentence("; ".join((["persistent callers took " + " and ".join(told)] if told else []) + untold)) + "."
    )


def _bracket(measure: Measure) -> str:
    return "" if measure.low is None or measure.high is None else f" ({_spread(measure, _days)})"


def _bridge(pack: Pack, window: str) -> list[dict[str, str]]:
    return [
        {
            "step": wording.step(row["step"], pack.settings.threshold),
            "callers": wording.count(row["callers"]),
            "calls": wording.count(row["calls"]),
            "of": wording.count(row["misuse_calls"]),
            "share": wording.share(row["share"]),
        }
        for row in pack.steps(window)
    ]


# -- what changed, what is wanted, what guards -------------------------------------------------------------------------


def _changes(pack: Pack) -> dict[str, Any]:
    changes = pack.changes
    earlier = wording.day(changes.earlier_as_of)
    first = "First list: no earlier meeting to compare with"
    if not changes.is_covered:
        short = f"The log does not reach back to {earlier}, one cycle ago: nothing to compare with."
        return {"note": f"{first}. {short}" if changes.is_first else short, "rows": []}
    unseen = wording.of(sum(1 for row in pack.tasking if row["is_new"]), "person", "people")
    same = f"gainst the same count one cycle ago, to {earlier}, by today’s rules and identities{wording.lacking(pack)}"
    return {
        "note": f"{first}; a{same}:" if changes.is_first
        else f"A{same}. New to the meeting, not on the last list frozen for it: {unseen}.",
        "rows": [
            {"name": "Entered", "count": wording.count(len(changes.entered)), "who": _some([f"{row['case_ref']} ({wording.count(row['misuse_calls_window'])})" for row in changes.entered])},
            {"name": "Left", "count": wording.count(len(changes.left)), "who": _some([f"{row['case_ref']} (was rank {row['rank']})" for row in changes.left])},
            {"name": "Moved, of this meeting’s", "count": wording.count(len(changes.moved)), "who": _some([f"{row['case_ref']} {was} → {row['rank']}" for row, was in changes.moved])},
        ],
    }  # fmt: skip


def _some(items: list[str]) -> str:
    if not items:
        return "nobody"
    more = len(items) - SHOWN_CHANGES
    return ", ".join(items[:SHOWN_CHANGES]) + (f" and {more:,} more" if more > 0 else "")


def _decisions(pack: Pack) -> list[dict[str, Any]]:
    """What the meeting is asked, numbered through, part by part."""
    numbered = list(enumerate(pack.meeting, 1))
    return [
        {
            "part": part,
            "title": wording.PARTS[part],
            "rows": [
                {
                    "number": str(number),
                    "case": row["case_ref"],
                    "calls": wording.count(row["misuse_calls_window"]),
                    "lane": row["lane"] or "none recommended",
                    "ask": pages.ask(row),
                }
                for number, row in numbered
                if row["part"] == part
            ],
        }
        for part in (1, 2, 3)
    ]


def _tonight(pack: Pack) -> str:
    """What the look list holds that cannot wait for the next meeting."""
    if not pack.look:
        return ""
    new, urgent = ([bool(row[name]) for row in pack.look] for name in ("is_new", "is_urgent"))
    both = sum(a and b for a, b in zip(new, urgent, strict=True))
    return (
        f"Look list: {wording.of(both, 'caller')} new this cycle and urgent "
        f"(of {len(pack.look):,}: {sum(new):,} new, {sum(urgent):,} urgent)."
    )


def _safeguards(pack: Pack) -> list[str]:
    """How many were kept out, and by what; where they can be found."""
    held, look = pack.excluded, pack.look
    urgent, new = (sum(1 for row in look if row[name]) for name in ("is_urgent", "is_new"))
    unseen = sum(1 for row in look if row["acknowledged_at"] is None)
    said = [
        f"Of {wording.of(held['coded'], 'call')} coded misuse, {wording.of(held['stopped'], 'call')} barred by a hard stop and "
        f"{wording.of(held['doubtful'], 'call')} of unknown, defaulted or contradicted code are counted against nobody.",
        wording.sentence(wording.of(held["shared"], "misuse call"))
        + " came from shared lines and premises; such calls are never shown as a person’s.",
        wording.bounds(pack),
        _nameless(pack),
        _blind(pack),
        f"Nobody disappears by being stopped: the look list holds {wording.of(len(look), 'caller')}, {urgent:,} urgent, "
        f"{new:,} new, {unseen:,} not yet looked at.",
        "Every call is still answered and met on its merits, whoever makes it. Nothing here changes that.",
    ]
    return [sentence for sentence in said if sentence]


def _nameless(pack: Pack) -> str:
    """Stopped calls that no list can hold."""
    row = pack.estimate("stopped_unidentified_calls")
    if row is None or not row["point"]:
        return ""
    return (
        f"{wording.sentence(wording.of(row['point'], 'stopped call'))} came without a caller, so no list can hold them."
    )


def _blind(pack: Pack) -> str:
    """Which dangers this log could never have shown."""
    row = pack.estimate("safeguards_blind")
    if row is None or not row["point"]:
        return ""
    return f"{row['numerator']:.0f} of {row['denominator']:.0f} safeguards blind. {row['method']}."


def _how_to_read(pack: Pack) -> list[str]:
    return [
        f"A persistent caller is a person with {pack.settings.threshold} or more misuse calls in {wording.period(pack)} on the "
        f"{pack.settings.headline_channel} channel. Being listed is a reason to look, not a finding.",
        "Order: misuse calls, then handling and unit hours, then who reached the threshold first. There is no score.",
        "Intervals say how far the share would move had other such callers called. Bounds say what calls without a number could do.",
        f"An episode gathers calls within {pack.settings.episode_gap_minutes} minutes of one another. “Not measured” means that the log lacks it; it is never nought.",
        "References are pseudonyms. Names and numbers are seen by permission, with a reason, and the look is recorded.",
    ]
