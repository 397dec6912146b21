"""Figures and facts as words: one way of writing each, for every format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from misuse import wording as plain
from misuse.reports.data import HEADLINE, SINCE, Pack, Row, Stamp

NOT_MEASURED = "not measured"
NOBODY_TO_LOOK_AT = "Nobody needs a look on this run."
PARTS = {
    1: "Actions and reviews due",
    2: "New since last cycle",
    3: "Next most prolific",
    4: "Waiting",
}
STEPS = {
    "coded_misuse": "Every call coded misuse",
    "by_number": "Numbers with {threshold} or more (the 2005 count)",
    "less_stopped": "Less calls and callers barred by a hard stop",
    "less_doubtful": "Less calls whose code is unknown, defaulted or contradicted",
    "less_unidentified": "Less placeholder and malformed numbers",
    "less_shared_lines": "Less shared lines and premises",
    "after_linkage": "After linking one person's numbers: the headline",
}
WINDOWS = {
    SINCE: "Since the log began",
    HEADLINE: "Headline window",
    "d365": "Last 365 days",
    "d90": "Last 90 days",
    "d30": "Last 30 days",
}
FLAGS = {
    "urgent_stop_unseen": "urgent stop, not looked at",
    "support_first": "support first",
    "handset_fault": "may be a faulty handset",
    "burst": "burst of calls",
    "one_bad_night": "one bad night",
    "several_numbers": "several numbers",
    "may_be_shared_line": "may be a shared line",
    "new": "new",
    "quiet_30_days": "quiet for 30 days",
}
LOOKS = {
    "ten_or_more_coded": "{threshold} or more coded misuse",
    "hard_stop": "hard stop",
    "new_hard_stop": "new hard stop",
    "linked_stop": "stop from another number, address or person in common",
    "new_content": "new content from a frequent contact",
    "sharp_change": "sharp change of pattern",
    "case_on_a_line": "open case on a line of many people",
}
ESTIMATES = {
    "calls": "Calls on the headline channel",
    "misuse_calls": "Misuse calls",
    "unidentified_misuse_calls": "Misuse calls without a usable number",
    "doubtful_calls_contradicted": "Doubtful calls: the result shows need",
    "doubtful_calls_defaulted": "Doubtful calls: nobody chose the code",
    "doubtful_calls_unknown": "Doubtful calls: the closing code is not known",
    "safeguards_blind": "Safeguards that this log can never set off",
    "safeguards_unchecked": "Of these, without another check",
    "persistent_callers": "Persistent callers",
    "persistent_misuse_calls": "Misuse calls by persistent callers",
    "share_of_misuse": "Persistent callers' share of misuse calls",
    "share_of_handling": "Their share of misuse handling time",
    "share_of_deployment": "Their share of misuse unit time",
    "share_of_calls": "Their share of all calls",
    "share_of_all_handling": "Their share of all handling time",
    "share_of_all_deployment": "Their share of all unit time",
    "days_work_persistent": "Days' work a month, persistent callers (reading B)",
    "days_work_all_misuse": "Days' work a month, all misuse (reading A)",
    "hours_persistent": "Handling hours a month, persistent callers",
    "hours_all_misuse": "Handling hours a month, all misuse",
    "unit_hours_persistent": "Unit hours a month, persistent callers",
    "unit_hours_all_misuse": "Unit hours a month, all misuse",
}


def count(value: float | None) -> str:
    """1,234; a half is not rounded away by accident, counts being whole."""
    return NOT_MEASURED if value is None else f"{round(value):,}"


of, mean_of, share = plain.of, plain.mean_of, plain.share


def sentence(text: str) -> str:
    """The text with its first letter a capital and the rest as it is."""
    return text[:1].upper() + text[1:]


def decimal(value: float | None, places: int = 1) -> str:
    """A figure with thousands separated, or that it was not measured."""
    return NOT_MEASURED if value is None else f"{value:,.{places}f}"


def hours(value: float | None) -> str:
    """Hours to a tenth, whole from a hundred upward."""
    return NOT_MEASURED if value is None else f"{value:,.{0 if value >= 100 else 1}f} h"


def day(value: date | None) -> str:
    """31 December 2025."""
    return "" if value is None else f"{value.day} {value:%B %Y}"


def short_day(value: date | None) -> str:
    """31 Dec 2025."""
    return "" if value is None else f"{value.day} {value:%b %Y}"


def local(value: datetime | None, zone: ZoneInfo) -> datetime | None:
    """A stored UTC time in the reporting zone."""
    return None if value is None else plain.local(value, zone)


def moment(value: datetime | None, zone: ZoneInfo) -> str:
    """A stored UTC time as `31 December 2025 23:14` in the reporting zone."""
    there = local(value, zone)
    return "" if there is None else f"{day(there)} {there:%H:%M}"


def short_moment(value: datetime | None, zone: ZoneInfo) -> str:
    """A stored UTC time as `31 Dec 2025 23:14` in the reporting zone."""
    there = local(value, zone)
    return "" if there is None else f"{short_day(there)} {there:%H:%M}"


def joined(values: Iterable[Any] | None) -> str:
    """A list in one cell."""
    return "; ".join(str(value) for value in values or [])


def flags(row: Row) -> str:
    """A listed caller's flags in words."""
    return joined(FLAGS.get(flag, flag.replace("_", " ")) for flag in row["flags"] or [])


def looks(row: Row, threshold: int) -> str:
    """Why a caller is on the look list, in words."""
    names = (LOOKS.get(reason, reason.replace("_", " ")) for reason in row["look_reasons"] or [])
    return joined(name.format(threshold=threshold) for name in names)


def step(name: str, threshold: int) -> str:
    """A step of the bridge in words."""
    return STEPS.get(name, name.replace("_", " ")).format(threshold=threshold)


def stamped(stamp: Stamp) -> str:
    """What a picture or a sheet says of itself in one line."""
    return f"{stamp.marking} · run {stamp.run_id} · as-of {day(stamp.as_of)}"


def freshness(stamp: Stamp) -> str:
    """How old the data is, in a sentence for every page."""
    made = f"made {day(stamp.made_at)} {stamp.made_at:%H:%M}"
    return f"Data to the end of {day(stamp.as_of)}; {made}; {plain.age(stamp.hours_old)}"


def stale_warning(stamp: Stamp) -> str:
    """A plain warning, or nothing when the data is fresh."""
    if not stamp.is_stale:
        return ""
    return (
        f"Warning: the data was {plain.age(stamp.hours_old)} when this was made, "
        f"over the {stamp.stale_after_hours} hours allowed. Recent calls may be missing."
    )


def interval(row: Mapping[str, Any] | None, write: Any = share) -> str:
    """`95% interval 40.2% to 46.0%`, that 95% is not claimed of it, or that none is given."""
    if row is None or row["low"] is None or row["high"] is None:
        return "interval not measured"
    return plain.interval(write(row["low"]), write(row["high"]), is_claimed=plain.is_claimed(row.get("method")))


def period(pack: Pack) -> str:
    """The headline window in words."""
    return f"the {of(pack.settings.window_days, 'day')} to {day(pack.stamp.as_of)}"


def uncounted(pack: Pack) -> str:
    """Why no person can be counted in this log; nothing where one can."""
    return plain.uncounted(pack.kinds.get("person", 0), pack.kinds.get("shared_line", 0))


def headline(pack: Pack) -> str:
    """What a chief superintendent reads first."""
    final, found = pack.final(), pack.estimate("share_of_misuse")
    if final is None or not final["callers"]:
        return plain.nobody(
            uncounted(pack), final["misuse_calls"] if final else 0, pack.settings.threshold, period(pack)
        )
    return (
        f"{of(final['callers'], 'persistent caller')} made {count(final['calls'])} of "
        f"{of(final['misuse_calls'], 'misuse call')} ({share(final['share'])}, {interval(found)}) in {period(pack)}."
    )


def apart_threshold(pack: Pack) -> int:
    """From how many misuse calls in a calendar month on a line is told of, as the run had it."""
    return next((int(row["threshold"]) for row in pack.apart), pack.settings.shared_line_threshold)


def apart(pack: Pack, window: str = HEADLINE) -> str:
    """The shared lines and premises over their own threshold in one window, never among the persons."""
    final = pack.final(window)
    found = {row["identity_kind"]: row for row in pack.apart if row["window_name"] == window}
    said = plain.apart(found, apart_threshold(pack), final["misuse_calls"] if final else None)
    lead = "" if uncounted(pack) or not said else "Apart from persons: "
    return lead + " ".join(said)


def since(pack: Pack) -> str:
    """The report's own definition, always with its date: a lifetime share grows with the log."""
    final, found = pack.final(SINCE), pack.estimate("share_of_misuse", window=SINCE)
    if final is None or pack.first_day is None:
        return "Since the log began: not measured."
    start = f"Since {day(pack.first_day)}, with no window"
    if pack.is_whole_log:
        return f"{start}, as the 2005 report counted: the same, since the window holds the whole log."
    if not final["misuse_calls"]:
        return f"{start}: no misuse calls."
    if uncounted(pack):
        return f"{start}: {of(final['misuse_calls'], 'misuse call')}. {apart(pack, SINCE)}".rstrip()
    if not final["callers"]:
        return f"{start}: nobody made {pack.settings.threshold} or more misuse calls."
    return (
        f"{start}, as the 2005 report counted: {of(final['callers'], 'caller')} made "
        f"{count(final['calls'])} of {of(final['misuse_calls'], 'misuse call')} ({share(final['share'])}, "
        f"{interval(found)}). This share grows as the log grows; do not trend it."
    )


def no_readings(pack: Pack) -> str:
    """Why neither reading of the report's `a full days work every month` has a figure."""
    if not pack.excluded["misuse"]:
        return "Both readings are nought: no misuse call in the window."
    return f"Both readings are not measured: {pack.why_not('days_work_all_misuse')}."


def coverage(pack: Pack) -> str:
    """A sentence when the log is shorter than the window, else nothing."""
    if pack.first_day is None:
        return "The log holds no calls."
    held = (pack.stamp.as_of - pack.first_day).days + 1
    if held >= pack.settings.window_days:
        return ""
    return f"The log begins on {day(pack.first_day)}, so only {held:,} of the window's {pack.settings.window_days:,} days are covered."


def lacking(pack: Pack) -> str:
    """What to bear in mind of who entered and who left where the log begins inside the earlier window; else nothing."""
    days = pack.changes.days_lacking
    return (
        f"; the log lacks {plain.of(days, 'day')} of the window before, so more can enter and fewer leave"
        if days
        else ""
    )


def bounds(pack: Pack) -> str:
    """What the unidentified calls could do to the share; nothing where there are no misuse calls."""
    if not pack.excluded["misuse"]:
        return ""
    found = pack.estimate("share_of_misuse") or {"bound_low": None, "bound_high": None}
    return plain.unidentified(
        pack.excluded["unidentified"], found["bound_low"], found["bound_high"], is_counted=not uncounted(pack)
    )


def timed_part(pack: Pack, *names: str) -> tuple[float, float] | None:
    """Misuse calls whose time is known and all of them, where the first of these figures with a value lacks some."""
    row = next((row for name in names if (row := pack.estimate(name)) is not None), None)
    part = plain.timed_calls(row["method"]) if row else None
    return part if part and plain.timed(*part) else None


def timed(pack: Pack) -> str:
    """Of how many calls the log knows the time, where that is not nearly all; else nothing."""
    kinds = (
        ("Handling", timed_part(pack, "share_of_handling", "hours_all_misuse")),
        ("Unit", timed_part(pack, "share_of_deployment", "unit_hours_all_misuse")),
    )
    said = [f"{kind} {plain.timed(*part)}" for kind, part in kinds if part]
    return f"{'; '.join(said)}: hours, handlers, costs and shares of it are of these calls alone." if said else ""


def corrected(pack: Pack) -> str:
    """What calls coded again say of the headline; nothing where none were."""
    callers, found = (pack.estimate(f"corrected_{name}") for name in ("persistent_callers", "share_of_misuse"))
    if callers is None:
        return ""
    share_too = f", {share(found['point'])} of misuse ({_ends(found, share)})" if found is not None else ""
    few = few_coded(pack).partition(":")[0]  # of how many, the method and the brief say
    return (
        f"Codes err: by calls coded again by two people blind to each other, {of(callers['point'], 'person', 'people')} "
        f"({_ends(callers, count)}) are truly over the line{share_too}: 95% interval{'s' * bool(share_too)} {plain.IF_ALIKE}"
        f"{'; ' * bool(few)}{few}."
    )


def _ends(row: Row, write: Any) -> str:
    return f"{write(row['low'])} to {write(row['high'])}"


def few_coded(pack: Pack) -> str:
    """That the corrected figures, and every chance of being over the line, rest on few calls; nothing where on enough."""
    return plain.few_coded((pack.estimate("corrected_persistent_callers") or {}).get("method"))


def doubts(row: Row, number_count: int | None, few: str = "") -> list[str]:
    """Why this caller's page might be wrong: the list's own doubts, then what is true of every page.

    `few`: that few calls were coded again, where so.
    """
    said = list(row["doubts"] or [])
    lines = " ".join(said).lower()
    if not any(word in lines for word in ("number", "line", "person")):
        several = f"{number_count} numbers were joined" if (number_count or 1) > 1 else "A number is not a person"
        said.append(f"{several}: another hand may have made some of these calls.")
    if not any(word in lines for word in ("code", "coding", "coded")):
        said.append(_codes(row.get("p_at_least_threshold"), few))
    elif few and row.get("p_at_least_threshold") is not None:
        said.append(f"The chance that enough codes are right is a rough one: {few}.")
    return said


def _codes(chance: float | None, few: str) -> str:
    if chance is None:
        return "Misuse rests on the codes handlers gave; no calls coded again tell yet how often they err, so some may be wrong."
    return (
        "Misuse rests on the codes handlers gave; by calls coded again, the chance that enough of them are right is "
        f"{'over 99%' if chance > 0.995 else f'{100 * chance:.0f}%'}{f' ({few})' if few else ''}."
    )
