"""The figures of a synthetic log as a table that people read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def figures_table(figures: Mapping[str, Any]) -> str:
    """A Markdown table of what was planted and what a count of the log gives."""
    person, log = figures["by_person"], figures["by_log"]
    months = figures["days"] * 12 / 365
    rows = [
        ("calls, 999 and 101", f"{figures['calls']:,}"),
        ("999 calls a day", f"{figures['calls_999'] / figures['days']:,.0f}"),
        ("calls coded misuse, a month", f"{figures['coded_misuse_per_month']:,.0f}"),
        ("of the misusers' misuse codes, wrong", f"{figures['wrong_share_of_misusers_codes']:.1%}"),
        ("999 calls without a number", f"{figures['number_absent_999']:.1%}"),
        ("101 calls without a number", f"{figures['number_absent_101']:.1%}"),
        ("in truth: misuse calls, a month", f"{person['misuse_calls'] / months:,.0f}"),
        ("in truth: persons of ten or more", f"{person['persistent_persons']:,}"),
        ("**in truth: their share of misuse**", f"**{person['share_of_misuse']:.1%}**"),
        ("in truth: the busiest persons", _list(person["top_persons"])),
        ("by the log: misuse calls, a month", f"{log['misuse_calls'] / months:,.0f}"),
        ("by the log: persistent callers", f"{log['persistent_callers']:,}"),
        ("by the log: their misuse calls, a month", f"{log['persistent_misuse_calls'] / months:,.0f}"),
        ("**by the log: their share of misuse**", f"**{log['share_of_misuse']:.1%}**"),
        ("by the log: the busiest callers", _list(log["top_callers"])),
        ("the 2005 count: numbers of ten or more coded misuse", f"{log['numbers_with_ten_coded']:,}"),
        ("the 2005 count: their share", f"{log['share_2005_count']:.1%}"),
        ("of those numbers, below ten once stops apply", f"{log['of_them_stopped_below_ten']:,}"),
        ("of those numbers, on marked shared lines", f"{log['of_them_on_marked_shared_lines']:,}"),
    ]
    return "\n".join(["| figure | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in rows)]) + "\n"


def _list(values: list[int]) -> str:
    return ", ".join(f"{value:,}" for value in values[:5])
