"""Commands about coding error: coding plan, draw, calls, record, import, status, withdraw."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse.cli.context import Context
from misuse.errors import UsageError

if TYPE_CHECKING:
    from misuse.casebook.coding import Sample

_SIDES = {True: "frequent", False: "all others"}
_SHOWN = ("call", "received_local", "talk_seconds", "grade", "borough", "units_assigned", "qualifiers", "result_code")


def plan(context: Context) -> int:
    """How many calls to code again for what width."""
    from misuse import double_coding

    asked = context.options.half_width
    found = double_coding.plan(context.settings, double_coding.HALF_WIDTHS if asked is None else (asked,))
    if context.wants_json:
        context.print_json(found)
        return 0
    widths = list(found["totals"])
    headings = ("callers", "calls coded", "code", "calls", "supposed", *(f"±{float(width):.1%}" for width in widths))
    rows = [
        [_SIDES[row["is_frequent"]], row["kind"], row["stratum"], row["calls"], f"{row['supposed_share']:.0%}",
         *row["needed"].values()]
        for row in found["strata"]
    ]  # fmt: skip
    totals = ["in all", "", "", sum(row["calls"] for row in found["strata"]), "", *found["totals"].values()]
    context.table(headings, [*rows, totals], numeric=headings[3:])
    context.say(
        "",
        "± is half of the 95% interval of the share that truly is misuse, among frequent callers' calls coded misuse, and",
        "among those coded otherwise. Single codes are known less well and lean on their kind. Two people code each call.",
        'Next: misuse coding draw --coder A --coder B --half-width 0.05 --reason "…"',
    )
    return 0


def draw(context: Context) -> int:
    """Draw a sample for two coders."""
    from misuse import double_coding

    options = context.options
    found = double_coding.draw(
        context.settings, coders=options.coder, calls=options.calls, half_width=options.half_width, seed=options.seed,
        reason=options.reason, actor=context.actor, now=context.now,
    )  # fmt: skip
    if context.wants_json:
        context.print_json(found)
        return 0
    name = found["sample"]
    context.say(
        f"sample {name}: {found['calls']:,} calls for {' and '.join(found['coders'])}, ±{found['half_width']:.1%}, "
        f"seed {found['seed']}; recorded as {context.actor}'s",
        f"Each coder by himself or herself: misuse coding calls {name} --csv > FILE, fill in the verdicts, misuse coding import {name} FILE",
    )
    return 0


def calls(context: Context) -> int:
    """The calls that wait for whoever asks."""
    from misuse import double_coding

    options = context.options
    if options.identified != bool((options.reason or "").strip()):
        raise UsageError("--identified and --reason come together", next_step='add --identified --reason "…"')
    sample = double_coding.opened_sample(context.settings, options.sample, context.actor)
    rows = double_coding.to_code(
        context.settings, sample, actor=context.actor, now=context.now, is_identified=options.identified,
        reason=options.reason or "",
    )  # fmt: skip
    if context.wants_json:
        context.print_json({"sample": sample.sample_id, "calls": rows})
    elif options.csv:
        _print_csv(rows)
    else:
        _print_calls(context, sample, rows)
    return 0


def _print_csv(rows: list[dict[str, Any]]) -> None:
    from misuse.reports import text

    writer = csv.writer(sys.stdout, lineterminator="\n")
    names = list(rows[0]) if rows else ["call"]
    writer.writerow([*names, "verdict"])
    writer.writerows([*(text.neutral_cell(row[name]) for name in names), ""] for row in rows)


def _print_calls(context: Context, sample: Sample, rows: list[dict[str, Any]]) -> None:
    from misuse import double_coding

    if not rows:
        context.say(f"sample {sample.sample_id}: no call waits for {context.actor}")
        return
    to_do = "wait for your verdict" if context.actor in sample.coders else "are to be settled by a third person"
    context.say(f"{context.settings.protective_marking} · sample {sample.sample_id}: {len(rows):,} calls {to_do}", "")
    shown = rows[: context.options.limit]
    names = (*_SHOWN, *(double_coding.IDENTIFIED if context.options.identified else ()))
    context.table(
        [name.replace("_", " ") for name in names],
        [[_plain(row[name]) for name in names] for row in shown],
        numeric=("call", "talk seconds", "units assigned"),
    )
    if len(rows) > len(shown):
        context.say(f"{len(rows) - len(shown):,} more: --limit {len(rows)}, or --csv for all")
    context.say("", f"misuse coding record {sample.sample_id} CALL VERDICT        misuse, not_misuse or cannot_tell")


def _plain(value: Any) -> Any:
    """A text of a log without what would steer a terminal."""
    if not isinstance(value, str):
        return value
    return "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in value)


def record(context: Context) -> int:
    """One verdict."""
    options = context.options
    if not options.call.isdecimal():
        raise UsageError("a call is its number in the sample", next_step=f"misuse coding calls {options.sample}")
    return _take(context, {int(options.call): options.verdict}, options.note or "")


def load(context: Context) -> int:
    """A file of verdicts, all or none."""
    from misuse import double_coding

    path = Path(context.options.file)
    return _take(context, double_coding.read_verdicts(path), f"from the file {path.name}")


def _take(context: Context, verdicts: dict[int, str], note: str) -> int:
    from misuse import double_coding

    sample = double_coding.opened_sample(context.settings, context.options.sample, context.actor)
    kind = double_coding.record(
        context.settings, sample, verdicts, note=note, actor=context.actor, now=context.now
    )  # fmt: skip
    after = double_coding.opened_sample(context.settings, sample.sample_id, context.actor)
    done = "settled" if kind == "calls_settled" else "coded"
    many = "1 call" if len(verdicts) == 1 else f"{len(verdicts):,} calls"
    context.say(f"sample {after.sample_id}: {many} {done}, recorded as {context.actor}'s")
    left = len(double_coding.waiting(after, context.actor))
    context.say(f"{left:,} wait for you" if left else _next(after))
    return 0


def _next(sample: Sample) -> str:
    """What a sample waits for."""
    if sample.is_withdrawn:
        return "withdrawn: it counts for nothing"
    if not sample.is_complete:
        behind = [coder for coder, given in sample.verdicts.items() if len(given) < len(sample.calls)]
        return f"waits for {' and '.join(behind)}: misuse coding calls {sample.sample_id}"
    if sample.unsettled():
        return (
            f"{len(sample.unsettled()):,} calls wait for a third person: misuse coding calls {sample.sample_id}; "
            "the next run counts them as it counts those settled"
        )
    return "finished; the next run counts it: misuse run"


def status(context: Context) -> int:
    """Every sample and how far it is."""
    from misuse import double_coding

    rows = double_coding.status(context.settings)
    if context.wants_json:
        context.print_json(rows)
        return 0
    if not rows:
        context.say("no sample of calls has been drawn to be coded again", "Next: misuse coding plan")
        return 0
    for row in rows:
        coders = ", ".join(f"{coder['name']} {coder['coded']:,}" for coder in row["coders"])
        context.say(f"{row['sample']}  {row['drawn_at']:%Y-%m-%d}  {row['calls']:,} calls, coded by {coders}")
        context.say("  " + _next(double_coding.opened_sample(context.settings, row["sample"], context.actor))
                    if not row["is_withdrawn"] else "  withdrawn: it counts for nothing")  # fmt: skip
        if row["is_complete"] and row["agreed"] is not None:
            kappa = "not defined" if row["kappa"] is None else f"{row['kappa']:.2f}"
            context.say(
                f"  agreed on {row['agreed']:.1%}, kappa {kappa}; {row['in_dispute']:,} in dispute, "
                f"{row['unsettled']:,} of them not settled; {row['cannot_tell']:,} that one at least could not tell"
            )
    return 0


def train(context: Context) -> int:
    """Whether calls' facts tell more than codes."""
    from misuse import coding_error

    found = coding_error.train(context.settings, actor=context.actor, now=context.now)
    if context.wants_json:
        context.print_json(found)
        return 0
    context.say(
        found["why"],
        "The next run parts codes by it." if found["ships"] else "Runs go on with codes alone.",
        f"Trained on {found['trained']:,} calls of earlier months, judged on {found['held_out']:,} of later ones; recorded.",
    )
    return 0


def withdraw(context: Context) -> int:
    """Take a sample back."""
    from misuse import double_coding

    options = context.options
    if not options.reason.strip():
        raise UsageError("a withdrawal needs a reason", next_step='misuse coding withdraw SAMPLE --reason "…"')
    double_coding.withdraw(
        context.settings, options.sample, reason=options.reason, actor=context.actor, now=context.now
    )
    context.say(f"sample {options.sample.upper()} is withdrawn; its verdicts stay in the record and count for nothing")
    return 0
