"""Commands that decide who is calling: identity links, same, differ, undo; and the model behind the links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from misuse.cli.context import Context
from misuse.errors import UsageError

if TYPE_CHECKING:
    from misuse.model_review import Trained


MOST_SHOWN = 40  # links or changes; a program gets them all


def links(context: Context) -> int:
    """Links of a caller, or every suggestion that waits for a person."""
    from misuse import casebook, identity_decisions

    if context.options.caller is not None:
        with casebook.opened(context.settings) as book:
            book.admit("case_by_command", context.actor, occurred_at=context.now, what="identity links")
    found = identity_decisions.links(context.settings, context.options.caller)
    if context.wants_json:
        context.print_json(found)
        return 0
    of = found["caller_id"]
    context.say(f"{context.settings.protective_marking} · links of {of}" if of else _suggestions(found["links"]), "")
    if found["links"]:
        _links_table(context, found["links"][:MOST_SHOWN])
        if len(found["links"]) > MOST_SHOWN:
            context.say(f"{len(found['links']) - MOST_SHOWN:,} more: misuse identity links --json")
    elif of:
        context.say("no link to another number is known; without a model only people's decisions link")
    if found["decisions"]:
        context.say("", "What people decided, and did not undo")
        _decisions_table(context, found["decisions"])
    context.say(
        "",
        'Compare the records (misuse identify CALLER --reason "…"), then:',
        '  misuse identity same A B --reason "…"      one person; same A alone confirms every link within A',
        '  misuse identity differ A B --reason "…"    two persons',
        '  misuse identity undo EVENT --reason "…"    takes a decision back',
    )
    return 0


def _suggestions(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "no suggested link waits for a person"
    return f"{len(rows):,} suggested {'link waits' if len(rows) == 1 else 'links wait'} for a person, most misuse first"


def _links_table(context: Context, rows: list[dict[str, Any]]) -> None:
    headings = ("number", "of", "with", "of ", "status", "likely", "weight", "misuse", "why", "decided", "event")
    context.table(
        headings,
        [
            [row["spell_a"], row["caller_a"], row["spell_b"], row["caller_b"], row["status"],
             None if row["probability"] is None else f"{row['probability']:.1%}", row["weight"],
             row["misuse_calls_a"] + row["misuse_calls_b"], row["reasons"] or [],
             _decision_word(row["decision"]) if row["decision"] else None, row["event_id"]]
            for row in rows
        ],
        numeric=("likely", "weight", "misuse", "event"),
    )  # fmt: skip


def _decisions_table(context: Context, rows: list[dict[str, Any]]) -> None:
    context.table(
        ("event", "decided", "numbers", "and", "lapsed", "at", "by"),
        [
            [row["event_id"], _decision_word(row["decision"]), row["spells_a"], row["spells_b"], row["lapsed"],
             row["decided_at"], row["actor_role"]]
            for row in rows
        ],
        numeric=("event",),
    )  # fmt: skip
    if any(row["lapsed"] for row in rows):
        context.note(
            "look: a decision has lapsed for numbers of whom more is known now: they passed on at another time, or never",
            '  Next: misuse identity same (or differ) A B --reason "…", and misuse identity undo EVENT --reason "…"',
        )


def _decision_word(decision: str) -> str:
    return {"same": "the same", "not_same": "not the same"}.get(decision, decision)


def same(context: Context) -> int:
    """Two callers are one person; or one caller's numbers are all one person's."""
    return _decide(context, "same")


def differ(context: Context) -> int:
    """Two callers are not one person."""
    return _decide(context, "not_same")


def _decide(context: Context, decision: str) -> int:
    from misuse import identity_decisions

    options = context.options
    decided = identity_decisions.decide(
        context.settings, decision, options.one, options.other,
        reason=options.reason, actor=context.actor, now=context.now,
    )  # fmt: skip
    if context.wants_json:
        context.print_json(decided.__dict__)
        return 0
    who = " and ".join(decided.callers)
    told = f"{len(decided.spells)} numbers are one person's" if decision == "same" else "they are not one person"
    context.say(
        f"{who}: {told}, recorded as {context.actor}'s, event {decided.event_id}",
        f'It counts from the next run, and through every retraining. Back: misuse identity undo {decided.event_id} --reason "…"',
    )
    if decided.in_the_way:
        events = ", ".join(map(str, decided.in_the_way))
        context.note(
            f"look: 'not the same' of event {events} parts some of them, and holds",
            '  Next: misuse identity undo EVENT --reason "…", if that was wrong',
        )
    return 0


def undo(context: Context) -> int:
    """Take a decision on a link back."""
    from misuse import identity_decisions

    options = context.options
    if not options.event.isdecimal():
        raise UsageError("an event is a number", next_step="misuse identity links CALLER lists them")
    identity_decisions.undo(
        context.settings, int(options.event), reason=options.reason, actor=context.actor, now=context.now
    )
    context.say(f"event {options.event} is undone; what was decided before it counts again from the next run")
    return 0


# ── the model ──────────────────────────────────────────────────────────────────────────────────


def train(context: Context) -> int:
    """Make a model from the records that are in."""
    from misuse import model_review

    trained = model_review.train(
        context.settings, actor=context.actor, clock=lambda: context.now, tracker=context.tracker
    )
    if context.wants_json:
        context.print_json(trained.__dict__)
        return 0
    context.say(*trained_lines(trained))
    return 0


def trained_lines(trained: Trained) -> list[str]:
    """What a training made, and what to type next."""
    from misuse import model_review

    name = f"model {model_review.shown(trained.model_digest)}, from {trained.records:,} records"
    if trained.status == "same":
        return [f"{name}: the one in force came out again; nothing changes"]
    if trained.status == "candidate":
        return [f"{name}, is a candidate; the model in force stays until it is accepted", "Next: misuse identity diff"]
    return [f"{name}, is in force: the next run links numbers to callers", "Next: misuse run"]


def models(context: Context) -> int:
    """Every model that is kept."""
    from misuse import model_review

    rows = model_review.listed(context.settings)
    if context.wants_json:
        context.print_json(rows)
    elif rows:
        context.table(
            ("model", "made", "by", "status"),
            [[model_review.shown(row["model_digest"]), row["made_at"], row["made_by"], row["status"]] for row in rows],
        )
    else:
        context.say("no model is trained: each number is a caller of its own", "Next: misuse identity train")
    return 0


def card(context: Context) -> int:
    """The card of the model in force."""
    from misuse import model_review

    context.say(model_review.card(context.settings))
    return 0


def diff(context: Context) -> int:
    """What a candidate would change; with --accept or --reject, what becomes of it."""
    from misuse import model_review

    options = context.options
    if options.accept or options.reject:
        return _decide_on_model(context)
    found = model_review.diff(context.settings, tracker=context.tracker, digest=options.model)
    if context.wants_json:
        context.print_json(found)
        return 0
    context.say(*_diff_lines(found), "")
    shown = found["changes"][:MOST_SHOWN]
    if shown:
        headings = ("caller now", "misuse", "caller by it", "misuse ", "numbers", "change")
        context.table(
            headings,
            [
                [row["caller_then"], row["misuse_then"], row["caller_now"], row["misuse_now"], row["numbers"],
                 _CHANGES[row["change"]].format(found["threshold"])]
                for row in shown
            ],
            numeric=headings[1::2] + headings[4:5],
        )  # fmt: skip
    if len(found["changes"]) > len(shown):
        context.say(f"{len(found['changes']) - len(shown)} more: misuse identity diff --json")
    context.say("", 'Then: misuse identity diff --accept --reason "…", or --reject')
    return 0


_CHANGES = {"over": "comes to {} or more", "under": "falls below {}", "stays_over": "stays at {} or more"}


def _diff_lines(found: dict[str, Any]) -> list[str]:
    from misuse.model_review import shown

    callers, persistent, suggestions = found["callers"], found["persistent"], found["suggestions"]
    carried = sum(len(stop["spells"]) for stop in found["carried"])
    return [
        *(
            f"{title:12} model {shown(found[name]['model_digest'])} of {found[name]['made_at']:%Y-%m-%d}"
            for title, name in (("in force", "in_force"), ("candidate", "candidate"))
        ),
        f"{'callers':12} {callers['then']:,} → {callers['now']:,}: {callers['stay']:,} stay as they are, "
        f"{callers['merged']:,} are made of several, {callers['split']:,} are split",
        f"{'persistent':12} {persistent['then']:,} → {persistent['now']:,}: {persistent['over']:,} come to "
        f"{found['threshold']} or more, {persistent['under']:,} fall below; misuse calls as the last run counted them",
        f"{'suggested':12} {suggestions['then']:,} → {suggestions['now']:,} links wait for a person",
        f"{'stops':12} {carried:,} numbers would no longer be reached by a stop, and stay stopped until a person lifts it",
    ]


def _decide_on_model(context: Context) -> int:
    from misuse import model_review

    options = context.options
    if not (options.reason or "").strip():
        raise UsageError("a decision on a model needs a reason", next_step='add --reason "…"')
    given: dict[str, Any] = {
        "reason": options.reason, "actor": context.actor, "now": context.now, "digest": options.model,
    }  # fmt: skip
    if options.accept:
        done = model_review.accept(context.settings, tracker=context.tracker, **given)
    else:
        done = model_review.reject(context.settings, **given)
    name = model_review.shown(done["model_digest"])
    if context.wants_json:
        context.print_json(done)
    elif options.accept:
        context.say(f"model {name} is in force, recorded as {context.actor}'s", "Next: misuse run")
        if done["carried"]:
            context.say(f"stops carried over, by rule: {done['carried']}; each stands until a person lifts it")
    else:
        context.say(f"model {name} is put away, recorded as {context.actor}'s; the one in force stays")
    return 0
