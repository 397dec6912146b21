"""What each kind of event is checked for, and completed with, before it is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from misuse import review
from misuse.casebook import coding, rooms, spells, state
from misuse.casebook.events import Draft, read
from misuse.casebook.publishing import hits
from misuse.errors import InputError, Refused, UsageError

if TYPE_CHECKING:
    import sqlalchemy as sa

LONGEST_CHECK = timedelta(days=366)  # a check of a safeguard is made anew at least once a year


def completed(con: sa.Connection, kind: str, draft: Draft) -> dict[str, Any]:
    """The payload with what the casebook itself knows to add.

    Errors: UsageError for one that says nothing sensible; InputError for what is not there to lift, undo or remove;
    Refused for accepting a model of one's own.
    """
    check = _CHECKS.get(kind)
    return check(con, draft) if check else dict(draft.payload)


def _with_spells(con: sa.Connection, draft: Draft) -> dict[str, Any]:
    """Of whom it is, in spells: ids of callers come and go."""
    payload = dict(draft.payload)
    if not payload.get("spells") and draft.caller_id:
        payload["spells"] = spells.spells_of(con, draft.caller_id)
    return payload


def _stop(con: sa.Connection, draft: Draft) -> dict[str, Any]:
    """With whom people say to be the same among those whom it reached at once: it stays on them."""
    payload = _with_spells(con, draft)
    own = set(payload.get("spells") or ())
    if linked := spells.one_with(own, spells.link_decisions(con)):
        payload["reached"] = sorted({*(payload.get("reached") or ()), *linked})
    return payload


def _lift(con: sa.Connection, draft: Draft) -> dict[str, Any]:
    payload = _with_spells(con, draft)
    if payload.get("rule_id") in (None, "", spells.PERSON):
        payload.pop("rule_id", None)
        lifted = set(payload.get("spells") or ())
        carried = [members for members, rule in spells.carried_stops(con) if rule == spells.PERSON]
        if not state.is_stopped(lifted, state.live_stops(con)) and not any(map(lifted.intersection, carried)):
            raise InputError("no stop entered by a person stands on that caller", next_step="see misuse why CALLER")
        return payload
    payload.setdefault("hits", hits(con, str(draft.caller_id), str(payload["rule_id"])))
    if not payload["hits"]:
        raise InputError(
            "that rule stops nobody of that id in the published run", next_step="see misuse why CALLER; else misuse run"
        )
    return payload


def _link(_: sa.Connection, draft: Draft) -> dict[str, Any]:
    payload = dict(draft.payload)
    sides = [sorted(set(payload.get(side) or ())) for side in ("spells_a", "spells_b")]
    is_sound = payload.get("decision") in spells.DECISIONS_ON_LINKS and all(
        map(spells.is_spell, {*sides[0], *sides[1]})
    )
    if not is_sound or not spells.pairs(*sides):
        raise UsageError("a decision on a link needs two callers", next_step='misuse identity same A B --reason "…"')
    if payload["decision"] == "not_same" and set(sides[0]) & set(sides[1]):
        raise UsageError("a caller cannot be another than itself", next_step="name two that share no number")
    return {**payload, "spells_a": sides[0], "spells_b": sides[1]}


def _undo(con: sa.Connection, draft: Draft) -> dict[str, Any]:
    standing = {decided.link_id for decided in spells.standing_decisions(con)}
    if draft.payload.get("event_id") not in standing:
        raise InputError(
            "no decision on a link that stands has that number", next_step="misuse identity links CALLER lists them"
        )
    return dict(draft.payload)


def _register(_: sa.Connection, draft: Draft) -> dict[str, Any]:
    lines = draft.payload.get("lines") or []
    if not lines or not all(_is_token(line.get("token")) and str(line.get("kind") or "").strip() for line in lines):
        raise UsageError("a shared line needs a number and a kind", next_step="misuse shared-lines add --help")
    return dict(draft.payload)


def _remove(con: sa.Connection, draft: Draft) -> dict[str, Any]:
    if draft.payload.get("token") not in spells.shared_lines(con):
        raise InputError("that number is not in the register", next_step="misuse shared-lines list")
    return dict(draft.payload)


def _is_token(text: object) -> bool:
    try:
        return str(UUID(str(text))) == text
    except ValueError:
        return False


def _check(_: sa.Connection, draft: Draft) -> dict[str, Any]:
    try:
        until = date.fromisoformat(str(draft.payload.get("until")))
    except ValueError:
        raise UsageError("the day until which a check counts is no date", next_step="write it as 2026-01-31") from None
    if not draft.at.date() <= until <= draft.at.date() + LONGEST_CHECK:
        raise UsageError("a check counts from today, for a year at most", next_step="give an earlier or later --until")
    return {**draft.payload, "until": until.isoformat()}


def _accept(con: sa.Connection, draft: Draft) -> dict[str, Any]:
    others = [
        user
        for user, role in state.users(con).items()
        if user != draft.actor.name and review.may_do("accept_model", role)
    ]
    if draft.payload.get("made_by") == draft.actor.name and others:
        raise Refused(
            "whoever trained a model does not accept it where somebody else can",
            next_step="ask an authoriser or another administrator: misuse users lists them",
        )
    return dict(draft.payload)


def _sets(_: sa.Connection, draft: Draft) -> dict[str, Any]:
    sets = {caller: sorted(set(members)) for caller, members in (draft.payload.get("sets") or {}).items()}
    if not all(len(members) > 1 and all(map(spells.is_spell, members)) for members in sets.values()):
        raise UsageError("a published caller is a set of spells", next_step="report this: the pipeline gave another")
    return {**draft.payload, "sets": sets}


def _published_stops(_: sa.Connection, draft: Draft) -> dict[str, Any]:
    stops = draft.payload.get("stops") or []
    if not all(stop.get("rule_id") and stop.get("hit") and all(map(spells.is_spell, stop["spells"])) for stop in stops):
        raise UsageError("a published stop is of spells", next_step="report this: the pipeline gave another")
    return dict(draft.payload)


def _draw(con: sa.Connection, draft: Draft) -> dict[str, Any]:
    coders, users = list(draft.payload.get("coders") or ()), state.users(con)
    barred = [coder for coder in coders if not review.may_do("code_calls", users.get(coder))]
    if len(set(coders)) != 2 or len(coders) != 2:
        raise UsageError("two different people code a sample", next_step="name them with --coder A --coder B")
    if barred:
        raise UsageError(
            f"no role lets these code calls: {', '.join(barred)}",
            next_step="misuse users lists who may; analysts, reviewers, chairs and authorisers may code",
        )
    if not draft.payload.get("calls"):
        raise UsageError("the sample holds no call", next_step="misuse coding plan")
    return {**draft.payload, "sample": f"D{len(read(con, 'coding_sample_drawn')) + 1}"}


def _sample(con: sa.Connection, draft: Draft) -> coding.Sample:
    """The sample that is spoken of. Errors: InputError where there is none, or it was withdrawn."""
    sample = coding.samples(read(con, *coding.EVENTS)).get(str(draft.payload.get("sample")))
    if sample is None or sample.is_withdrawn:
        raise InputError("no sample of that name is open", next_step="misuse coding status lists them")
    return sample


def _verdicts(sample: coding.Sample, draft: Draft) -> dict[str, Any]:
    given = {int(number): verdict for number, verdict in (draft.payload.get("verdicts") or {}).items()}
    known = {call.number for call in sample.calls}
    if not given or not known.issuperset(given) or not set(given.values()).issubset(coding.VERDICTS):
        raise UsageError(
            f"a verdict is of a call 1 to {len(known)}: {', '.join(coding.VERDICTS)}",
            next_step=f"misuse coding calls {sample.sample_id}",
        )
    return {**draft.payload, "verdicts": {str(number): given[number] for number in sorted(given)}}


def _code(con: sa.Connection, draft: Draft) -> dict[str, Any]:
    sample = _sample(con, draft)
    if draft.actor.name not in sample.coders:
        raise Refused("only its two coders code a sample", next_step="misuse coding status names them")
    if sample.is_complete:
        raise Refused(
            "both coders have finished, so no verdict of theirs is changed any more",
            next_step=f"a third person settles what they differ on: misuse coding calls {sample.sample_id}",
        )
    return _verdicts(sample, draft)


def _settle(con: sa.Connection, draft: Draft) -> dict[str, Any]:
    sample = _sample(con, draft)
    if draft.actor.name in sample.coders:
        raise Refused("a coder of the sample settles nothing of it", next_step="ask a third person")
    payload = _verdicts(sample, draft)
    if not sample.is_complete or not set(map(int, payload["verdicts"])).issubset(sample.in_dispute()):
        raise Refused(
            "only what both coders have coded, and differently, is settled",
            next_step=f"misuse coding calls {sample.sample_id} lists it once both have finished",
        )
    return payload


def _withdraw(con: sa.Connection, draft: Draft) -> dict[str, Any]:
    _sample(con, draft)
    return dict(draft.payload)


_CHECKS: Mapping[str, Callable[[sa.Connection, Draft], dict[str, Any]]] = {
    "stop_entered": _stop,
    "stop_lifted": _lift,
    "look_acknowledged": _with_spells,
    "link_decided": _link,
    "link_undone": _undo,
    "shared_line_registered": _register,
    "shared_line_removed": _remove,
    "safeguard_checked": _check,
    "identity_model_accepted": _accept,
    "callers_published": _sets,
    "stops_published": _published_stops,
    "coding_sample_drawn": _draw,
    "calls_coded": _code,
    "calls_settled": _settle,
    "coding_sample_withdrawn": _withdraw,
    **rooms.CHECKS,
}
