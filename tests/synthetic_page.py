"""The figures of docs/synthetic.md, counted anew: `python -m tests.synthetic_page` draws ten logs and writes them in.

One after another, on one core, that takes under a minute.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from misuse.synth import SyntheticSettings, build, truth
from misuse.synth.settings import DAYS_PER_MONTH
from misuse.synth.table import figures_table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "synthetic.md"
BEGINS, ENDS = "<!-- from tests.synthetic_page -->\n", "<!-- to here -->\n"

YEAR = SyntheticSettings()
SEEDS = (1, 2, 3, 4, 5)
SHORTER = (30, 91, 182)  # days; the year itself is the last row

Figures = Mapping[str, Any]

AFTER_THE_YEAR = """
The two shares differ, and should: a person with two SIMs counts as two callers, three calls in a hundred show no
number, one misuse code in eleven is wrong; against that, a shared line that nobody marked passes for a person.

Five other seeds (the heavy tail is drawn in strata, so that a share hardly depends on the seed):

"""
AFTER_THE_SEEDS = """
The same population behind a shorter log: a share of "ten or more" grows with the log although nobody behaves differently.

"""


def drawn(settings: SyntheticSettings) -> Figures:
    """The figures of one log, which is drawn and not written."""
    return truth.summary(*build.draw(settings), settings)


def block(year: Figures, seeds: Sequence[Figures], shorter: Sequence[Figures], reading_b: Figures) -> str:
    """What stands between the page's two marks."""
    told = [seeds_table(seeds), AFTER_THE_SEEDS, lengths_table([*shorter, year]), "\n", reading_b_line(reading_b)]
    return "".join(["\n", figures_table(year), AFTER_THE_YEAR, *told, "\n"])


def seeds_table(years: Sequence[Figures]) -> str:
    """Years that only the seed tells apart."""
    head = ["| seed | share in truth | share by the log | misuse calls a month | persistent callers |"]
    return "\n".join([*head, "|---|---:|---:|---:|---:|", *map(seed_row, years)]) + "\n"


def seed_row(year: Figures) -> str:
    """One seed's year."""
    shares, log = _shares(year), year["by_log"]
    return f"| {year['seed']} | {shares} | {_a_month(year, 'misuse_calls'):,.0f} | {log['persistent_callers']:,} |"


def lengths_table(logs: Sequence[Figures]) -> str:
    """Logs that only their length tells apart."""
    head = ["| days of log | share in truth | share by the log |", "|---|---:|---:|"]
    return "\n".join([*head, *map(length_row, logs)]) + "\n"


def length_row(log: Figures) -> str:
    """One length's log."""
    return f"| {log['days']} | {_shares(log)} |"


def reading_b_line(year: Figures) -> str:
    """The report's other reading."""
    return (
        f"Reading B (`--reading B`): {_a_month(year, 'misuse_calls'):,.0f} misuse calls a month, "
        f"{_a_month(year, 'persistent_misuse_calls'):,.0f} of them by persistent callers, "
        f"{year['by_log']['share_of_misuse']:.1%}.\n"
    )


def _shares(log: Figures) -> str:
    return f"{log['by_person']['share_of_misuse']:.1%} | {log['by_log']['share_of_misuse']:.1%}"


def _a_month(log: Figures, what: str) -> float:
    return float(log["by_log"][what] / (log["days"] / DAYS_PER_MONTH))


def main() -> int:
    """Draw each log, and write the figures into the page."""
    year, reading_b = drawn(YEAR), drawn(replace(YEAR, reading="B"))
    seeds = [drawn(replace(YEAR, seed=seed)) for seed in SEEDS]
    shorter = [drawn(replace(YEAR, days=days)) for days in SHORTER]
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGINS)
    after = rest.split(ENDS)[1]
    text = before + BEGINS + block(year, seeds, shorter, reading_b) + ENDS + after
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
