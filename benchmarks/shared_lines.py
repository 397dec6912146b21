"""How well unmarked shared lines are found from behaviour, on a synthetic year whose truth is known.

    python -m benchmarks.shared_lines          some ten minutes, in a folder of its own
    python -m benchmarks.shared_lines --home HOME --truth FOLDER --other-home HOME --other-truth FOLDER
                                               homes that hold a run already, and the truth of their logs

Prints the figures of docs/shared-lines.md: by lines held out, then by the truth, which nothing was fitted to: of the
year that the model was trained on and of another year, another London's, on which it is only applied.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measured import command
from misuse import shared_lines, warehouse
from misuse.settings import Settings

# A place's line has no person of its own; whose line it is by the run, and what the model says of it.
TRUTH = """
with
lines as (
    select number, bool_or(person is null) as is_place, any_value(line_kind) as kind
    from read_parquet($truth)
    group by number
)
select
    behaviour.spell_id, lines.is_place, lines.kind, behaviour.identity_kind, behaviour.calls,
    scores.spell_id is not null as is_suggested
from shared_line_behaviour as behaviour
inner join caller_numbers as numbers on behaviour.spell_id = numbers.spell_id
inner join vault.numbers as held on numbers.token = held.number_token
inner join lines on held.e164 = lines.number
left join shared_line_scores as scores on behaviour.spell_id = scores.spell_id
"""


def made(home: Path, days: int, calls_per_day: int, seed: int) -> Path:
    """A synthetic log taken in and run; where its truth lies."""
    out = home / "synth"
    words = ("--days", str(days), "--calls-per-day", str(calls_per_day), "--seed", str(seed))
    command(home, "synth", "--out", str(out), *words)
    command(home, "ingest", "--source", "synthetic", *map(str, sorted((out / "log").glob("*.csv"))))
    command(home, "run")
    return out / "truth"


def trained(settings: Settings) -> tuple[dict[str, Any], float]:
    """The document of a model of the home's last run, and the seconds it took."""
    with warehouse.opened(settings, with_vault=True) as con:
        started = time.perf_counter()
        return shared_lines.train(con, seed=settings.seed), time.perf_counter() - started


def told(settings: Settings, truth: Path, document: dict[str, Any]) -> list[str]:
    """What the truth says of the document's suggestions in a home's last run."""
    with warehouse.opened(settings, with_vault=True) as con:
        started = time.perf_counter()
        shared_lines.suggest(con, document)
        seconds = time.perf_counter() - started
        frame = con.execute(TRUTH, {"truth": str(truth / "truth_numbers.parquet")}).pl()
        shared_lines.suggest(con, None)
    persons = frame.filter(identity_kind="person")
    unmarked, suggested = persons.filter("is_place"), persons.filter("is_suggested")
    found = unmarked.filter("is_suggested")
    kinds = sorted(set(unmarked["kind"]))
    by_kind = ", ".join(
        f"{kind} {found.filter(kind=kind).height} of {unmarked.filter(kind=kind).height}" for kind in kinds
    )
    return [
        f"- {persons.height:,} numbers counted as a person's call often enough; {unmarked.height} of them are unmarked shared lines",
        f"- {suggested.height} suggested, {found.height} of them shared lines ({seconds:.1f} s)",
        f"- found by kind: {by_kind}",
    ]


def main() -> None:
    """Make or open, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--home", "--truth", "--other-home", "--other-truth"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--calls-per-day", type=int, default=6000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="misuse-bench-") as folder:
        document: dict[str, Any] = {}
        for title, home, truth, seed in (
            ("the year it was trained on", options.home, options.truth, Settings().seed),
            ("another year", options.other_home, options.other_truth, 2),
        ):
            at = home or Path(folder) / str(seed)
            facts = truth or made(at, options.days, options.calls_per_day, seed)
            settings = Settings(home=at)
            if not document:
                document, seconds = trained(settings)
                print(shared_lines.card(document))
                print(f"training took {seconds:.1f} s")
            print("\n".join([f"\nby the truth of {title}:", *told(settings, facts, document)]))


if __name__ == "__main__":
    main()
