"""Every statistic as a picture, or the reason why it is not drawn."""

from __future__ import annotations

from collections.abc import Callable

from misuse.reports.data import Pack
from misuse.reports.plots import change, doubt, months, people, shares, work
from misuse.reports.plots.drawing import Absent, Picture

Drawn = Picture | Absent
# In the order of a reader's questions.
_ONE: tuple[Callable[[Pack], Drawn | list[Drawn]], ...] = (
    shares.shares, shares.bridge, doubt.corrected, shares.windows, shares.window_table, shares.thresholds,
    people.concentration, people.most_prolific, people.ranks,
    work.workload, work.hours, work.genuine, work.rest,
    months.months, months.control_charts, months.tiles,
    change.log_growth, change.year_on_year, change.campaigns, change.differences, change.reasons,
    doubt.code_errors, doubt.chances, doubt.sensitivity, doubt.equality,
)  # fmt: skip


def every(pack: Pack) -> list[Drawn]:
    """Every picture there is to draw, in a reader's order; names are those of the files."""
    found: list[Drawn] = []
    for make in _ONE:
        made = make(pack)
        found += made if isinstance(made, list) else [made]
    return _renamed(found)


def _renamed(found: list[Drawn]) -> list[Drawn]:
    """Two campaigns may share a file's name: the second gets a number."""
    from dataclasses import replace

    seen: dict[str, int] = {}
    named = []
    for one in found:
        seen[one.name] = seen.get(one.name, 0) + 1
        named.append(one if seen[one.name] == 1 else replace(one, name=f"{one.name}_{seen[one.name]}"))
    return named


__all__ = ["Absent", "Drawn", "Picture", "every"]
