"""The benchmark's output as tables and a picture, and put into docs/performance.md between its marks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "performance.md"
PICTURE = DOCS / "performance.svg"
BEGIN, END = "<!-- from benchmarks.bench -->", "<!-- to here -->"

Sizes = dict[str, dict[str, Any]]


def tables(sizes: Sizes, kept: Sizes) -> str:
    """Everything that was measured, in Markdown, beside the run that `benchmarks/baseline.json` keeps."""
    parts = []
    for size, figures in sizes.items():
        parts += [_heading(size, figures), _contenders(figures), _steps(figures), _stores(figures)]
    pairs = (("1M", "10M"), ("1M", "10M-5y"), ("10M", "30M"), ("10M", "100M"))
    parts += [_growth(sizes, small, large) for small, large in pairs if {small, large} <= sizes.keys()]
    if sizes.keys() & kept.keys():
        parts.append(_beside_kept(sizes, kept))
    return "\n\n".join(parts) + "\n"


def _heading(size: str, figures: dict[str, Any]) -> str:
    held = figures["machine"]
    rounds = f"medians of {figures['rounds']} rounds" if figures["rounds"] > 1 else "one round"
    limit = f", `memory_limit` {figures['memory_limit']}" if "memory_limit" in figures else ""
    files = f" in {figures['log_files']} files" if figures.get("log_files", 1) > 1 else ""
    return (
        f"### {size} calls\n\n{figures['rows']:,.0f} rows, {figures['log_megabytes']:,.0f} MB of CSV{files}; {rounds}. "
        f"{held['processor']}, {held['cores']} cores, {held['memory_gigabytes']} GB; {held['system']}, "
        f"Python {held['python']}, DuckDB {held['duckdb']}; commit {held['commit']}, niceness {held['niceness']}, "
        f"load before {held['load_before']}{limit}."
    )


_COLUMNS = ("seconds", "processor_seconds", "peak_megabytes", "written_megabytes")


def _row(name: str, cost: dict[str, float], load: dict[str, float]) -> str:
    cells = " | ".join(f"{cost[column]:,.1f}" if "seconds" in column else f"{cost[column]:,.0f}" for column in _COLUMNS)
    ratio = f"{cost['seconds'] / load['seconds']:.1f} | {cost['processor_seconds'] / load['processor_seconds']:.1f}"
    return f"| {name} | {cells} | {ratio} |"


_NO_SCRIPT = "| pandas script | did not finish | | more than the machine has | | | |"


def _contenders(figures: dict[str, Any]) -> str:
    load = figures["raw"]["load"]
    rows = [
        _row("bare load, checkpointed", load, load),
        _row("bare group-by", figures["raw"]["group-by"], load),
        _row("pandas script", figures["script"], load) if "script" in figures else _NO_SCRIPT,
        _row("**whole job**", _at_most(figures["whole"], figures["steps"]), load),
    ]
    if "night" in figures:
        rows.append(
            _row("**a night of 20,000 calls on top**", _at_most(figures["night"], figures["night_steps"]), load)
        )
    return _head("what") + "\n".join(rows)


def _at_most(cost: dict[str, float], steps: dict[str, dict[str, float]]) -> dict[str, float]:
    """With the peak of its greediest step: each step's peak is counted anew, so that the process's own is the last's."""
    return cost | {"peak_megabytes": max(step["peak_megabytes"] for step in steps.values())}


def _head(first: str) -> str:
    names = (first, "seconds", "processor s", "peak MB", "written MB", "× load, clock", "× load, processor")
    return "| " + " | ".join(names) + " |\n|" + "---|" * len(names) + "\n"


def _steps(figures: dict[str, Any]) -> str:
    load = figures["raw"]["load"]
    rows = [_row(name, cost, load) for name, cost in figures["steps"].items()]
    nightly = [_row(f"night: {name}", cost, load) for name, cost in figures.get("night_steps", {}).items()]
    return _head("step") + "\n".join(rows + nightly)


def _stores(figures: dict[str, Any]) -> str:
    sizes = ", ".join(f"{name} {megabytes:,.0f} MB" for name, megabytes in figures["stores_megabytes"].items())
    return f"Stores afterwards: {sizes}."


def _growth(sizes: Sizes, fewer: str, more: str) -> str:
    small, large = sizes[fewer], sizes[more]
    rows = []
    for name in [name for name in ("whole", "night") if name in small and name in large]:
        clock, busy = (large[name][column] / small[name][column] for column in ("seconds", "processor_seconds"))
        rows.append(f"| {name} | {clock:.1f} | {busy:.1f} |")
    head = f"### From {fewer} to {more}\n\n| | times the seconds | times the processor time |\n|---|---|---|\n"
    return head + "\n".join(rows)


def _beside_kept(sizes: Sizes, kept: Sizes) -> str:
    """The same in two runs: what one run's figures are worth."""
    rows = []
    for size in [size for size in sizes if size in kept]:
        now, before = sizes[size], kept[size]
        for name in [name for name in ("whole", "night") if name in now and name in before]:
            pairs = [(run["machine"]["commit"], run[name]) for run in (before, now)]
            cells = [
                f"{commit}: {cost['seconds']:,.0f} s, {cost['processor_seconds']:,.0f} s" for commit, cost in pairs
            ]
            ratio = now[name]["processor_seconds"] / before[name]["processor_seconds"]
            rows.append(f"| {size}, {name} | {' | '.join(cells)} | {ratio:.2f} |")
    head = "| | kept run: commit, clock, processor | this run | processor, times the kept |\n|---|---|---|---|\n"
    return "### Two runs\n\n" + head + "\n".join(rows)


def write(sizes: Sizes, kept: Sizes) -> None:
    """Put the tables between the page's marks, and draw the picture."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables(sizes, kept)}\n{END}{after}", encoding="utf-8")
    PICTURE.write_text(_picture(sizes), encoding="utf-8")


def _picture(sizes: Sizes) -> str:
    """Processor seconds for a million calls, by step, beside the bare load and the script."""
    import altair as alt

    from misuse.reports.plots import drawing

    values = []
    for size, figures in sizes.items():
        millions = figures["rows"] / 1e6
        script = {"pandas script": figures["script"]} if "script" in figures else {}
        contenders = {"bare load": figures["raw"]["load"]} | script | figures["steps"]
        for place, (name, cost) in enumerate(contenders.items()):
            who = name if name in ("bare load", "pandas script") else "whole job"
            values.append(
                {
                    "size": size,
                    "who": who,
                    "part": name,
                    "place": place,
                    "seconds": round(cost["processor_seconds"] / millions, 2),
                }
            )
    drawn = (
        drawing.chart(values, width=520, height=70)
        .mark_bar()
        .encode(
            x=alt.X("seconds:Q", title="processor seconds a million calls"),
            y=alt.Y("who:N", title=None, sort=["bare load", "pandas script", "whole job"]),
            color=alt.Color(
                "part:N",
                title=None,
                scale=alt.Scale(scheme="tableau20"),
                sort=list(dict.fromkeys(row["part"] for row in values)),
            ),
            order=alt.Order("place:Q"),
            row=alt.Row("size:N", title=None, sort=list(sizes)),
        )
        .properties(title="The whole job beside the bare load and an analyst's script")
    )
    return drawing.svg(drawn.to_dict())
