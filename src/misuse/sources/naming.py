"""Which column of a file is which field of the call record, by its name and its contents: for `source draft` only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from misuse.sources.guess import Column, Formats, paired_formats, region_of
from misuse.sources.layout import DURATION_FIELDS, MAPPABLE, TIME_FIELDS

# Field, what its name looks like (the earlier pattern outranks the later), what its contents must be.
Rule = tuple[str, tuple[str, ...], Callable[[Column], bool]]

_TIMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "received_at",
        (
            r"receiv|call (date|time|start)|(date|time) of call",
            r"creat|report|open|start|entry|log(ged)?\b|queue|ring",
            r"incident|event|call",
            r"date|time|stamp",
        ),
    ),
    ("answered_at", (r"answer|pick ?up",)),
    ("first_assigned_at", (r"dispatch|assign|alloc|en ?route|turn ?out|mobilis",)),
    ("arrived_at", (r"arriv|on ?scene|attend|at scene",)),
    ("ended_at", (r"hang|disconnect|call end|(?<!am)end|clos|clear|complet|finish|release|availab",)),
)
_RULES: tuple[Rule, ...] = (
    ("cli", (r"\bcli\b|\bani\b|msisdn|call(er|ing)|from|origin", r"phone|mobile|number|tel"), lambda c: c.is_phone),
    (
        "talk_seconds",
        (r"talk|conversation", r"duration|call length|handle|seconds|minutes"),
        lambda c: c.is_duration and not c.is_clock,
    ),
    ("wrap_seconds", (r"wrap|after call|\bacw\b",), lambda c: c.is_duration),
    ("unit_seconds", (r"unit.*(time|sec|min)|time on scene|committed",), lambda c: c.is_duration and not c.is_clock),
    (
        "units_assigned",
        (r"(number|num|count|no) (of )?(units|vehicles|resources|alarms)|units? (assigned|sent|count)|units$",),
        lambda c: c.is_number,
    ),
    ("birth_date", (r"birth|\bdob\b",), lambda c: True),
    ("subscriber_postcode", (r"subscriber.*(post ?code|zip)",), lambda c: True),
    ("subscriber_name", (r"(subscriber|account|holder|registered).*name",), lambda c: not c.is_number),
    ("subscriber_address", (r"(subscriber|account|billing|registered).*address",), lambda c: not c.is_number),
    (
        "person_name",
        (r"(caller|person|complainant|contact|customer|reporting).*name",),
        lambda c: not c.is_number and not c.is_code,
    ),
    (
        "incident_location",
        (r"addr|street|intersection|premise", r"location|block|place"),
        lambda c: not c.is_number and not c.is_time,
    ),
    (
        "closing_code",
        (
            r"^clos(ed as|ing)$|final.*(type|code|desc|nature|problem)|clos\w*.*(code|type|desc|reason)|(code|type) clos",
            r"wrap ?up code",
        ),
        lambda c: c.is_code and not c.is_time,
    ),
    (
        "result_code",
        (r"dispo|outcome|result|resolution|final|cleared", r"status"),
        lambda c: c.is_code and not c.is_time,
    ),
    (
        "opening_code",
        (
            r"^open(ed as|ing)$",
            r"(initial|opening|call|incident|event|complaint|request|crime|signal|nature|problem).*(type|code|desc|nature|categ|class|reason|problem)",
            r"type|nature|categ|reason|subject|topic|problem|code|signal",
            r"desc|title",
        ),
        lambda c: c.is_code and not c.is_time and not c.named(_NO_CODE),
    ),
    ("grade", (r"prior|grade|severity|urgenc",), lambda c: c.is_code),
    (
        "borough",
        (
            r"borough|\bbocu\b|^station$",
            r"district|precinct|division|beat|sector|council|county|city|municip|battalion|\btwp\b|township|state",
        ),
        lambda c: c.is_code,
    ),
    ("ward", (r"ward|neighbo|community|area|zone",), lambda c: c.is_code),
    (
        "version",
        (
            r"^(row )?(ver|version|rev|revision|amendment)( (no|num|number|id))?$",
            r"^(last )?(updated?|modified|amended|changed)( (at|on|date|time))*$",
        ),
        lambda c: True,
    ),
    ("qualifiers", (r"qualif|modifier",), lambda c: c.is_code),
    ("markers", (r"marker|warning|hazard|flags?\b",), lambda c: c.is_code),
    ("handler_ref", (r"agent|operator|handler|dispatcher|call taker|advisor|employee",), lambda c: True),
    ("recording_ref", (r"recording",), lambda c: True),
    ("remarks", (r"remark|narrative|comment|notes?\b|free text|summary",), lambda c: not c.is_number and not c.is_time),
)
_NO_CODE = r"area code|zip|post ?(al|code)|country|state code|phone|status"
_IDS = (
    r"^(call|incident|event|case|cad|complaint|record|master|unique|service request|request|ticket|run|interaction|session|contact)? ?(id|key|identifier|uuid|guid|number|num|no|nbr|ref|reference)$",
    r"(call|incident|event|case|cad|complaint|record|request|ticket|interaction).*\b(id|key|number|num|no|nbr|ref)\b",
    r"\b(id|key|ref)\b|uuid|guid|incidentid|callid",
)
_DURATION_UNITS = (
    (r"minutes|\bmins?\b", "minutes"),
    (r"milliseconds|\bms\b", "milliseconds"),
    (r"hours|\bhrs?\b", "hours"),
)


@dataclass
class Proposal:
    """What is proposed, field by field, and what could not be decided."""

    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)  # columns of days that with a number may name a call
    desks: list[str] = field(default_factory=list)  # columns of where a call was taken, which may number its own
    version_kind: str = ""
    times: dict[str, tuple[tuple[str, ...], str, str]] = field(default_factory=dict)  # formats, epoch, remark
    time_only: list[str] = field(default_factory=list)
    has_no_clock: bool = False  # received_at is a date alone
    clocks: list[str] = field(default_factory=list)  # columns that may hold its time of day
    durations: dict[str, str] = field(default_factory=dict)
    caller_key: str = "number"
    zone: str = "Europe/London"
    region: str = "GB"
    region_remark: str = ""
    unused: list[str] = field(default_factory=list)


def propose(columns: Sequence[Column]) -> Proposal:
    """Match columns to fields, times first, each column to one field."""
    proposal = Proposal()
    free = [column for column in columns if column.values]
    proposal.dates = [c.name for c in free if c.is_date_only]
    proposal.desks = [c.name for c in free if c.named(_DESK) and c.is_code and not c.is_time and not c.may_identify]
    lines = [c for c in free if c.named(_CHANNEL) and c.is_code and {"999", "101", "112", "911"} & set(c.values)]
    if lines:
        proposal.columns["channel"] = (lines[0].name,)
        free.remove(lines[0])
    _place_exact(proposal, free, [c for c in columns if not c.values])
    _place_times(proposal, free)
    for name, patterns, holds in _RULES:
        if name in proposal.columns:
            continue
        chosen = _best(free, patterns, holds)
        if chosen is None and name == "cli":
            chosen = next((c for c in free if c.is_phone), None)
        if chosen is not None:
            proposal.columns[name] = (chosen.name,)
            free.remove(chosen)
            _settle(proposal, name, chosen)
    named = [c for pattern in _IDS for c in free if c.named(pattern) and not c.may_identify]
    # A number that begins anew each day comes over and over: it is tried last, beside its date.
    proposal.ids = list(dict.fromkeys(c.name for c in sorted(named, key=lambda c: c.is_code and c.is_number)))
    proposal.ids = [name for name in proposal.ids if not any(c.name == name and not _may_be_id(c) for c in named)]
    if proposal.ids:
        free = [c for c in free if c.name != proposal.ids[0]]
    if "cli" not in proposal.columns and "incident_location" in proposal.columns:
        proposal.caller_key = "premises"
        proposal.columns["premises"] = proposal.columns["incident_location"]
    taken = {column for chosen in proposal.columns.values() for column in chosen}
    proposal.unused = [c.name for c in columns if c in free or (not c.values and c.name not in taken)]
    received = [c for c in columns if (c.name,) == proposal.columns.get("received_at")]
    proposal.has_no_clock = any(c.is_date_only for c in received)
    proposal.clocks = [c.name for c in free if c.may_be_clock]
    _place_in_world(proposal, columns)
    return proposal


_CHANNEL = r"^(channel|service|line( dialled)?|dialled( number)?|number dialled|queue)$"
_DESK = r"desk|room|site|cent(re|er)|control|force|agency|branch|office|system|switch|server|prefix"


def _may_be_id(column: Column) -> bool:
    return not column.is_code or column.is_number or column.named(r"^(call|incident) ?(id|number|no|ref)$")


def _place_exact(proposal: Proposal, free: list[Column], empty: Sequence[Column]) -> None:
    """A column named as a field of the call record is that field; times are placed with the others."""
    for column in (*free, *empty):
        name = column.words.replace(" ", "_")
        if name not in MAPPABLE or name in proposal.columns or name in (*TIME_FIELDS, "call_id", "cli"):
            continue
        if name == "channel" and not column.is_code:
            continue
        if name in DURATION_FIELDS and column.values and not column.is_duration:
            continue
        proposal.columns[name] = (column.name,)
        _settle(proposal, name, column)
        if column in free:
            free.remove(column)


def _best(free: Sequence[Column], patterns: Sequence[str], holds: Callable[[Column], bool]) -> Column | None:
    return next((c for pattern in patterns for c in free if c.named(pattern) and holds(c)), None)


def _settle(proposal: Proposal, name: str, column: Column) -> None:
    if name == "version":
        _settle_version(proposal, column)
    if name in ("talk_seconds", "wrap_seconds", "unit_seconds"):
        named = next((unit for pattern, unit in _DURATION_UNITS if column.named(pattern)), "auto")
        proposal.durations[name] = "auto" if any(":" in v for v in column.values) else named


def _settle_version(proposal: Proposal, column: Column) -> None:
    is_whole = column.share(r"\d+(\.0+)?") > 0.97  # an integer's reading would make 1.2 and 1.4 one version
    proposal.version_kind = "time" if column.is_time else "integer" if is_whole else "text"
    if column.is_time and (column.epoch or not column.formats.is_default):
        proposal.times["version"] = (column.formats.formats, column.epoch, column.formats.remark)


def _place_times(proposal: Proposal, free: list[Column]) -> None:
    """received_at first, from one column or a date and a time of day; then the later times."""
    whole = [c for c in free if c.is_time and not c.is_date_only]
    dates = [c for c in free if c.is_date_only]
    clocks = [c for c in free if c.is_clock]
    for name, usual in _TIMES:
        patterns = (f"^{name.replace('_', ' ')}$", *usual)
        later = [other for other, _patterns in _TIMES if other != name]
        chosen = _best([c for c in whole if name != "received_at" or not _is_named(c, later)], patterns, lambda c: True)
        clock = _best([c for c in clocks if name != "received_at" or not _is_named(c, later)], patterns, lambda c: True)
        if name == "received_at" and chosen is None:
            chosen = next(iter(whole), None) if not dates else None
        if chosen is not None:
            _take(proposal, name, (chosen,), chosen.formats, chosen.epoch, free, whole)
        elif name == "received_at" and dates:
            date = _best(dates, patterns, lambda c: True) or dates[0]
            clock = clock or next((c for c in clocks if not _is_named(c, later)), next(iter(clocks), None))
            if clock is None:
                _take(proposal, name, (date,), date.formats, "", free, dates)
            else:
                formats = paired_formats(date.values, clock.values, prefers_month=date.prefers_month)
                _take(proposal, name, (date, clock), formats, "", free, dates)
                clocks.remove(clock)
        elif clock is not None and "received_at" in proposal.columns:
            proposal.columns[name] = (clock.name,)
            proposal.time_only.append(name)
            clocks.remove(clock)
            free.remove(clock)


def _is_named(column: Column, fields: Sequence[str]) -> bool:
    """Does the column's name say that it is one of these times?"""
    return any(column.named(patterns[0]) for name, patterns in _TIMES if name in fields and name != "received_at")


def _take(
    proposal: Proposal,
    name: str,
    chosen: tuple[Column, ...],
    formats: Formats,
    epoch: str,
    free: list[Column],
    pool: list[Column],
) -> None:
    proposal.columns[name] = tuple(column.name for column in chosen)
    if epoch or not formats.is_default:
        proposal.times[name] = (formats.formats, epoch, formats.remark)
    for column in chosen:
        free.remove(column)
        if column in pool:
            pool.remove(column)


def _place_in_world(proposal: Proposal, columns: Sequence[Column]) -> None:
    """Region and zone: from the numbers' form, else from how times are written."""
    cli = next((c for c in columns if (c.name,) == proposal.columns.get("cli")), None)
    is_day_first = any(c.formats.formats[:1] and c.formats.formats[0].startswith("%d") for c in columns if c.values)
    guessed = region_of(cli.values, is_day_first=is_day_first) if cli else ""
    proposal.region = guessed or ("US" if columns and columns[0].prefers_month else "GB")
    proposal.region_remark = (
        "guessed from the form of the numbers"
        if guessed
        else "guessed: which country's numbers these are could not be told"
    )
    proposal.zone = "America/New_York" if proposal.region == "US" else "Europe/London"
