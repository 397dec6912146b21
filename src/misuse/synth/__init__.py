"""A synthetic London: a year of 999 calls with planted truth, seeded and vectorised.

`make` writes the log as a force might hand it over, and beside it what is true. Nothing in it is
a person: names are made of syllables, postcodes lie in an area that does not exist, numbers in
ranges declared in `ranges`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from misuse.progress import Silent
from misuse.synth.settings import SyntheticReport, SyntheticSettings, fixture_settings

if TYPE_CHECKING:
    from misuse.progress import Tracker

__all__ = ["VERSION", "SyntheticReport", "SyntheticSettings", "fixture_settings", "make", "make_fixture"]

# Raised with every change to what the same settings make.
VERSION = 2


def make(
    settings: SyntheticSettings, out: Path, tracker: Tracker | None = None, *, log_only: bool = False
) -> SyntheticReport:
    """Write `out/log/calls_YYYY-MM.csv` and `out/truth/`; return the figures as counted.

    The same settings give the same bytes. With `log_only` nothing is said of what is true, which takes twice the memory.
    """
    from misuse.synth.build import build  # numpy and polars are slow to import

    return build(settings, out, tracker or Silent(), log_only=log_only)


def make_fixture(out: Path, tracker: Tracker | None = None) -> Path:
    """Write the committed fixture: sixty days, numbers from Ofcom's drama ranges only.

    `out` is the CSV to write, as a rule data/fixtures/synthetic_small.csv.
    """
    from misuse.synth.build import build_fixture

    return build_fixture(out, tracker or Silent())
