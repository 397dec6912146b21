"""Inputs for a data protection impact assessment, made from what runs: stores, fields, roles, spans, safeguards, uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from misuse import review, rules, safeguards, schemas
from misuse.room.desk import Desk
from misuse.wording import of

_IDENTITY = (
    "select identity_model, code_version, rules_digest, calls, persistent_callers from runs where run_id = $run_id"
)


def inputs(desk: Desk) -> str:
    """A Markdown page. The assessment itself, and its conclusions, are the controller's."""
    desk.permit("read_rights", "impact assessment")
    return "\n".join(_lines(desk)) + "\n"


def _lines(desk: Desk) -> Iterator[str]:
    settings = desk.settings
    yield from (
        "# Inputs for the data protection impact assessment",
        "",
        f"{settings.protective_marking}. Made on {desk.today} for {settings.force}, run {desk.run_id}, from settings, rules and",
        "records as they are; what follows from it is for the controller to say.",
        "",
        "## What is processed, and why",
        "",
        "Call logs of the emergency number, to find who calls persistently and needs support, engagement or, last, enforcement.",
        "No output advises to leave a call or a person alone; people decide every move of a case.",
        "",
        f"- Identifying fields a log may bring, kept encrypted in the vault: {', '.join(sorted(schemas.IDENTIFYING_FIELDS))}.",
        "- Special categories: markers and remarks of a log may tell of health, disability and abuse, and remarks of offences. Markers are "
        "matched against the safeguards below, to protect; which rule was met is kept by caller and by call, under pseudonyms.",
        f"- Published pseudonymous relations: {len(schemas.PUBLISHED)}, with {_columns()} columns (docs/data-dictionary.md).",
        f"- A caller is listed from {settings.threshold} misuse calls in {of(settings.window_days, 'day')}.",
        "",
    )
    yield from _versions(desk)
    yield from _roles()
    yield from _spans(desk)
    yield from _safeguards(desk)
    yield from _uses(desk)


def _columns() -> int:
    return sum(len(relation.columns) for relation in schemas.PUBLISHED)


def _versions(desk: Desk) -> Iterator[str]:
    with desk.published() as con:
        row = con.execute(_IDENTITY, {"run_id": desk.run_id}).fetchone() or (None,) * 5
    yield from (
        "## Profiling",
        "",
        f"- Calls published: {row[3]}; persistent callers: {row[4]}. Order: counts alone; there is no score.",
        f"- Model that links callers: {row[0] or 'none'}; program {row[1]}; rules {row[2]}.",
        "- Solely automated decisions: none. No state of a case changes without a named person, calls opened and a reason.",
        "",
    )


def _roles() -> Iterator[str]:
    yield from ("## Who may do what", "", "| role | may |", "|---|---|")
    for role in review.ROLES:
        may = [action.replace("_", " ") for action, roles in review.PERMISSIONS.items() if role in roles]
        yield f"| {role} | {', '.join(may)} |"
    yield ""


def _spans(desk: Desk) -> Iterator[str]:
    spans, settings = desk.settings.rights, desk.settings
    yield from (
        "## How long it is kept",
        "",
        f"- A case on which somebody acted: {spans.keep_months} months after it closed; on which nobody did: "
        f"{spans.keep_unconfirmed_months} months. Reviewed {spans.review_months} months after its last move.",
        f"- Put away within {spans.dispose_within_days} days of being due, from backups within {spans.backup_days}.",
        f"- Rejected rows {settings.keep_rejected_days} days; logs taken in {settings.keep_taken_days} days; published copies: the last "
        f"{settings.keep_published}.",
        "",
    )


def _safeguards(desk: Desk) -> Iterator[str]:
    listed = safeguards.listed(desk.settings, desk.today)
    blind = [row["rule_id"] for row in listed if row["is_blind"] and not row["is_covered"]]
    known = rules.load()
    yield from (
        "## Safeguards",
        "",
        f"- Hard stops: {len(known.hard_stops)}. Blind on the logs that are in, and checked by nobody otherwise: "
        f"{', '.join(blind) or 'none'}.",
        f"- Bars on enforcement: {', '.join(sorted(review.BARS))}.",
        f"- Options in law today: {sum(1 for option in known.options if option.is_open(desk.today))}, least intrusive first.",
        "",
    )


def _uses(desk: Desk) -> Iterator[str]:
    with desk.book() as book:
        kinds = Counter(event.kind for event in book.entries())
    watched = ("identity_read", "case_read", "access_refused", "disclosed", "exported", "stop_entered", "case_moved",
               "call_judged", "represented", "representation_answered", "disposed", "access_given")  # fmt: skip
    yield from ("## Uses recorded so far", "", "| what | times |", "|---|---|")
    yield from (f"| {kind.replace('_', ' ')} | {kinds[kind]} |" for kind in watched)
