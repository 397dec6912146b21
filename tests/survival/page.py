"""What a `make survive` came to, as tables, and put into docs/security.md between its marks."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

OUTCOME = Path(__file__).parent / "outcome.json"
PAGE = Path(__file__).parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- from tests.survival -->", "<!-- to here -->"


def tables(held: dict[str, Any]) -> str:
    """Everything that was counted, in Markdown."""
    return "\n\n".join([_heading(held), _sums(held), _faults(held), _ways(held), _troubles(held)]) + "\n"


def _heading(held: dict[str, Any]) -> str:
    machine, asked = held["machine"], held["asked"]
    whole = "whole" if held["is_whole"] else "**stopped before its end**"
    return (
        f"{held['date']}, commit {held['commit']}, seed {asked['seed']}, {held['seconds']:,} s, {whole}: "
        f"{asked['kills']:,} kills and {asked['files']:,} files were asked for, workers at once: {asked['workers']}. "
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gigabytes']} GB; {machine['system']}, "
        f"Python {machine['python']}, DuckDB {machine['duckdb']}; niceness {machine['niceness']}."
    )


def _sums(held: dict[str, Any]) -> str:
    trials, fuzz = held["trials"], held["fuzz"]
    sums = f"{fuzz['rows']:,} = {fuzz['accepted']:,} + {fuzz['rejected']:,} + {fuzz['other']:,}"
    rows = [
        ("faults", f"{trials['faults']:,}"),
        ("of them kills", f"{trials['kills']:,}"),
        ("of them of the command as typed", f"{trials['real_kills']:,}"),
        ("recoveries", f"{trials['recoveries']:,}"),
        ("calls in", f"{trials['calls_in']:,}"),
        ("calls accounted for", f"{trials['calls_found']:,}"),
        ("fuzzed files", f"{fuzz['files']:,}"),
        ("of them read", f"{fuzz['taken']:,}"),
        ("of them refused with a message", f"{fuzz['refused']:,}"),
        ("rows read = accepted + rejected + duplicate or superseded", sums),
        ("longest file", f"{fuzz['longest']:.1f} s"),
        ("largest reader", f"{fuzz['megabytes']:,} MB"),
        ("troubles", f"{len(held['troubles']):,}"),
    ]
    return "| | |\n|---|---:|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows)


def _faults(held: dict[str, Any]) -> str:
    rows = [f"| {kind} | {count:,} |" for kind, count in sorted(held["trials"]["by_kind"].items())]
    return "| fault | times |\n|---|---:|\n" + "\n".join(rows)


def _ways(held: dict[str, Any]) -> str:
    rows = [f"| {name} | {there:,} | {tried:,} |" for name, (tried, there) in sorted(held["trials"]["ways"].items())]
    head = "| cut off in | ways to die before or after a rename or commit | tried |\n|---|---:|---:|\n"
    return head + "\n".join(rows)


def _troubles(held: dict[str, Any]) -> str:
    counted = Counter(re.sub(r"(\w*Error)\b", r"`\1`", short(trouble)) for trouble in held["troubles"])
    found = [f"- {trouble}" + (f" ({times} times)" if times > 1 else "") for trouble, times in counted.most_common(20)]
    return "Troubles:\n\n" + "\n".join(found) if found else "No trouble was found."


def short(trouble: str) -> str:
    """A trouble's kind in a line, without the places of any machine."""
    lines = [line.strip() for line in trouble.splitlines() if line.strip()]
    where, _, rest = lines[0].partition(": ")
    if "File " not in rest:
        return lines[0][:200]
    return f"{re.sub(r'^file [0-9]+.*', 'a file', where)}: {rest.partition(':')[0]}: {lines[-1][:120]}"


def write(held: dict[str, Any]) -> None:
    """Keep the outcome, and put its tables between the page's marks."""
    held = held | {"troubles": [short(trouble) for trouble in held["troubles"]]}
    OUTCOME.write_text(json.dumps(held, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables(held)}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
