"""The public summary: figures of groups, small numbers kept back with all from which they could be told.

Its page and its table say the same. No pseudonym, no reference, no single caller is in it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from misuse import wording as plain
from misuse.estimation import suppression
from misuse.published_callers import OfNobody
from misuse.reports import wording
from misuse.reports.data import Pack, Row
from misuse.reports.plots import drawing
from misuse.reports.text import neutral

MARKING = "OFFICIAL"
KEPT_BACK = "kept back"
TOO_FEW = "too few to name"
PERSISTENT, OTHERS, LINES, NOBODY, ALL = (
    "persistent callers", "other persons", "shared lines and premises", "nobody known", "all",
)  # fmt: skip
MADE_BY = (PERSISTENT, OTHERS, LINES, NOBODY)
PARTS = ("month", "borough", "time of day", "code")
# Estimates of the headline window that say nothing of fewer persons than are persistent; name, words, unit.
FIGURES = (
    ("share_of_misuse", "persistent callers' share of misuse calls", "share"),
    ("share_of_handling", "their share of the time spent handling misuse", "share"),
    ("share_of_calls", "their misuse calls as a share of all calls", "share"),
    ("days_work_persistent", "persistent callers: days' work a month", "days a month"),
)
EVERYBODY = (
    ("calls", "calls on the channel", "calls"),
    ("days_work_all_misuse", "all misuse: days' work a month", "days a month"),
    ("hours_all_misuse", "all misuse: hours of handling a month", "hours a month"),
)
# One sentence for every cause: which of them it is would itself tell something of a number kept back.
WHY_KEPT = (
    "the number is small, few callers stand behind it, one made most of it, or it would tell another number that is so"
)
NOTES = {
    "borough": " The borough is where the call said something was happening, not where anybody lives.",
}
Cell = tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """The tables of the summary before anything is kept back, and what is kept back."""

    pack: Pack

    @cached_property
    def counts(self) -> dict[Cell, tuple[int, int]]:
        """Each cell's number, and how many stand behind it: callers, or calls where nobody is known."""
        return {**self._calls(), **self._bands()}

    @cached_property
    def most_of_one(self) -> dict[Cell, int]:
        """By cells of calls, the most that one caller made of them."""
        most: dict[Cell, int] = {
            ("calls", part, str(row["value"]), str(row["made_by"])): int(row["most_of_one"])
            for part in (ALL, *PARTS)
            for row in _merged([row for row in self.pack.public_counts if row["part"] == part])
        }
        for *group, who in list(most):
            total: Cell = (*group, ALL)
            most[total] = max(most.get(total, 0), most[(*group, who)])
        for name, low, high in self.bands:
            made = [int(row["misuse_calls"]) for row in self._in_band(low, high)]
            most["persons", "misuse calls made", name, "calls"] = max(made, default=0)
        return most

    def _calls(self) -> dict[Cell, tuple[int, int]]:
        found: dict[Cell, tuple[int, int]] = {}
        for part in (ALL, *PARTS):
            rows = _merged([row for row in self.pack.public_counts if row["part"] == part])
            for value in sorted({str(row["value"]) for row in rows}) or ([ALL] if part == ALL else []):
                own = {row["made_by"]: row for row in rows if row["value"] == value}
                behind = {name: _behind(own[name]) if name in own else 0 for name in MADE_BY}
                calls = {name: int(own[name]["calls"]) if name in own else 0 for name in MADE_BY}
                for name in MADE_BY:
                    found["calls", part, value, name] = calls[name], behind[name]
                found["calls", part, value, ALL] = sum(calls.values()), sum(behind.values())
        return found

    @cached_property
    def bands(self) -> list[tuple[str, int, int | None]]:
        """How many calls a person made: the name of each band, its least, and its most."""
        mark = self.pack.settings.threshold
        edges = sorted({edge for edge in (1, 2, 5) if edge < mark} | {mark, 2 * mark, 5 * mark})
        ends = [*(edge - 1 for edge in edges[1:]), None]
        return [(_band(low, high), low, high) for low, high in zip(edges, ends, strict=True)]

    def _in_band(self, low: int, high: int | None) -> list[Row]:
        """How many persons made each number of calls within a band."""
        return [row for row in self.pack.concentration if low <= row["misuse_calls"] <= (high or row["misuse_calls"])]

    def _bands(self) -> dict[Cell, tuple[int, int]]:
        found: dict[Cell, tuple[int, int]] = {}
        for name, low, high in self.bands:
            rows = self._in_band(low, high)
            persons = sum(int(row["callers"]) for row in rows)
            found["persons", "misuse calls made", name, "persons"] = persons, persons
            found["persons", "misuse calls made", name, "calls"] = sum(int(row["calls"]) for row in rows), persons
        for measure in ("persons", "calls"):
            for who, names in self._sides():
                cells = [found["persons", "misuse calls made", name, measure] for name in names]
                found["persons", who, ALL, measure] = sum(cell[0] for cell in cells), sum(cell[1] for cell in cells)
        return found

    def _sides(self) -> list[tuple[str, list[str]]]:
        mark = self.pack.settings.threshold
        return [
            (PERSISTENT, [name for name, low, _ in self.bands if low >= mark]),
            (OTHERS, [name for name, low, _ in self.bands if low < mark]),
        ]

    @cached_property
    def sums(self) -> list[tuple[Cell, list[Cell]]]:
        """Every total with its parts, across all tables."""
        cells = self.counts
        rows = {cell[:3] for cell in cells if cell[0] == "calls"}
        sums: list[tuple[Cell, list[Cell]]] = [
            ((*row, ALL), [(*row, name) for name in MADE_BY]) for row in sorted(rows)
        ]
        for part in PARTS:
            for name in (*MADE_BY, ALL):
                parts = [cell for cell in cells if cell[0] == "calls" and cell[1] == part and cell[3] == name]
                sums.append((("calls", ALL, ALL, name), parts))
        for measure in ("persons", "calls"):
            for who, names in self._sides():
                parts = [("persons", "misuse calls made", name, measure) for name in names]
                sums.append((("persons", who, ALL, measure), parts))
        # The same number in two tables: a total with one part.
        sums += [(("calls", ALL, ALL, who), [("persons", who, ALL, "calls")]) for who in (PERSISTENT, OTHERS)]
        # Whoever made one call made one: persons and calls of that band are one number.
        first = self.bands[0]
        if first[1:] == (1, 1):
            cell = ("persons", "misuse calls made", first[0])
            sums.append(((*cell, "persons"), [(*cell, "calls")]))
        return [(total, parts) for total, parts in sums if parts]

    @cached_property
    def kept_back(self) -> frozenset[Cell]:
        """Cells that may not be told."""
        small = {
            cell
            for cell, (number, behind) in self.counts.items()
            if 0 < number < suppression.LEAST
            or 0 < behind < suppression.LEAST
            or suppression.is_dominated(number, self.most_of_one.get(cell, 0))
        }
        values = {cell: number for cell, (number, _) in self.counts.items()}
        weights = {cell: behind for cell, (_, behind) in self.counts.items()}
        return suppression.withheld(values, self.sums, small, weights=weights)

    @property
    def tells_bounds(self) -> bool:
        """Whether it may be told what calls of nobody known could make of the persistent callers' share."""
        return not self.hides_persistent and ("calls", ALL, ALL, NOBODY) not in self.kept_back

    @property
    def hides_persistent(self) -> bool:
        """Whether what persistent callers made may not be told: then no share of theirs may."""
        hidden = self.kept_back
        told = (("calls", ALL, ALL, PERSISTENT), ("calls", ALL, ALL, ALL), ("persons", PERSISTENT, ALL, "persons"))
        return any(cell in hidden for cell in told)

    @cached_property
    def told(self) -> list[Row]:
        """The estimates of the headline table that are not kept back."""
        figures = [name for name, *_ in FIGURES if not self.hides_persistent]
        figures += [name for name, *_ in EVERYBODY if ("calls", ALL, ALL, ALL) not in self.kept_back]
        return [row for name in figures if (row := self.pack.estimate(name)) is not None]

    @cached_property
    def drawn(self) -> Pack:
        """The pack without anything that the tables do not tell, each figure rounded as they round it.

        Pictures are drawn from this alone: a place in a picture is a number too, and has as many digits as it was given.
        Bounds are left out, since they tell how many calls nobody is known to have made.
        """
        rows = [_rounded(row) for row in self.told]
        persons = self.pack.estimate("persistent_callers")
        if persons is not None and not self.hides_persistent:
            rows.append(_rounded(persons) | {"point": self.shown(("persons", PERSISTENT, ALL, "persons"))})
        return replace(
            self.pack, estimates=rows, bridge=[], concentration=[], months=[], persistent=[], tasking=[], look=[], apart=[],
            public_counts=[], statistics={}, details={}, of_nobody=OfNobody(),
        )  # fmt: skip

    def shown(self, cell: Cell) -> int | None:
        """A cell's number; None where it is kept back."""
        return None if cell in self.kept_back else self.counts[cell][0]

    def lines(self) -> Iterator[tuple[str, str, str, str, int | float | None, bool]]:
        """Table, group, who, measure, value and whether it is kept back: all that is told."""
        for name, words, unit in EVERYBODY:
            yield from self._figure(
                name, words, unit, hides=("calls", ALL, ALL, ALL) in self.kept_back and name != "calls"
            )
        for name, words, unit in FIGURES:
            yield from self._figure(name, words, unit, hides=self.hides_persistent)
        for cell in self.counts:
            table, part, group, who = cell
            named = (
                (f"misuse calls by {part}" if part in PARTS else "misuse calls")
                if table == "calls"
                else "persons by misuse calls made"
            )
            label = (part if part in (PERSISTENT, OTHERS) else group) if table == "persons" else group
            made_by, measure = (
                (who, "misuse calls")
                if table == "calls"
                else ("persons", "misuse calls" if who == "calls" else "persons")
            )
            yield named, label, made_by, measure, self.shown(cell), cell in self.kept_back

    def _figure(
        self, name: str, words: str, unit: str, *, hides: bool
    ) -> Iterator[tuple[str, str, str, str, float | None, bool]]:
        row = self.pack.estimate(name)
        if row is None:
            return
        # What is claimed of a figure kept back would tell how few its callers are.
        interval = "95% interval" if not hides and plain.is_claimed(row["method"]) else "interval"
        ends = {"point": "", "low": f", lower end of the {interval}", "high": f", upper end of the {interval}"}
        for end, told in ends.items():
            if hides or row[end] is not None:
                yield "headline", words, ALL, f"{unit}{told}", None if hides else _told(name, row[end]), hides


def _told(name: str, value: float) -> float:
    """A figure of the headline table as it is told: counts whole, the rest to four figures."""
    return value if name == "calls" else float(f"{value:.4g}")


def _rounded(row: Row) -> Row:
    """An estimate with nothing in it but what the headline table tells."""
    ends = {end: None if row[end] is None else _told(row["estimate"], row[end]) for end in ("point", "low", "high")}
    return {**row, **dict.fromkeys(("bound_low", "bound_high", "numerator", "denominator")), **ends}


def _merged(rows: list[Row]) -> list[Row]:
    """The rows with groups of too few callers as one. A code is whatever a log says: a rare one may name somebody."""
    if not rows or rows[0]["part"] not in ("borough", "code"):
        return rows
    behind: dict[str, int] = {}
    for row in rows:
        behind[row["value"]] = behind.get(row["value"], 0) + _behind(row)
    merged: dict[tuple[str, str], Row] = {}
    for row in rows:
        value = row["value"] if behind[row["value"]] >= suppression.LEAST else TOO_FEW
        one = merged.setdefault(
            (value, row["made_by"]), {**row, "value": value, "calls": 0, "callers": 0, "most_of_one": 0}
        )
        one["calls"] += row["calls"]
        # Whoever made most of one such group may have made most of each.
        one["most_of_one"] += row["most_of_one"]
        # Callers of several such groups may be the same: as many as the largest has are surely behind them.
        one["callers"] = max(one["callers"], row["callers"])
    return list(merged.values())


def _behind(row: Row) -> int:
    return int(str(row["calls"] if row["made_by"] == NOBODY else row["callers"]))


def _band(low: int, high: int | None) -> str:
    return f"{low:,} or more" if high is None else f"{low:,}" if low == high else f"{low:,} to {high:,}"


def table(pack: Pack) -> bytes:
    """The summary as CSV; a number kept back is empty and said to be so."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(("table", "group", "made_by", "measure", "value", "note", "as_of", "run_id"))
    stamp = (pack.stamp.as_of.isoformat(), pack.stamp.run_id)
    for named, group, made_by, measure, value, is_kept in Summary(pack).lines():
        written = "" if value is None else str(int(value)) if float(value).is_integer() else str(value)
        writer.writerow((named, neutral(group), made_by, measure, written, KEPT_BACK if is_kept else "", *stamp))
    return buffer.getvalue().encode()


# -- what the page shows -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """One table of the page."""

    title: str
    note: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def headline(summary: Summary) -> str:
    """What the page says first."""
    pack, every = summary.pack, summary.shown(("calls", ALL, ALL, ALL))
    if every is None:
        return f"How many misuse calls were counted in {wording.period(pack)} may not be told: {WHY_KEPT}."
    count = wording.sentence(wording.of(every, "call"))
    lead = f"{count} in {wording.period(pack)} {'was' if every == 1 else 'were'} counted as misuse of 999."
    if not every:
        return lead
    return f"{lead} {wording.uncounted(pack) or _by_persistent(summary)}"


def _by_persistent(summary: Summary) -> str:
    """What the persistent callers made of them, or why that may not be told."""
    pack, mark = summary.pack, summary.pack.settings.threshold
    persons, calls = (
        summary.shown(("persons", PERSISTENT, ALL, "persons")),
        summary.shown(("calls", ALL, ALL, PERSISTENT)),
    )
    if persons == 0:
        return f"Nobody made {mark} or more of them."
    if persons is None or calls is None:
        # Where the table tells how many there are, they are not few.
        why = WHY_KEPT if persons is None else "it would tell a number that is kept back, or how much one of them calls"
        return f"How many of them persistent callers made may not be told: {why}."
    share = pack.estimate("share_of_misuse")
    made = wording.share(share["point"]) if share else wording.count(calls)
    sure = f" ({wording.interval(share)})" if share else ""
    return f"{wording.of(persons, 'person', 'people')} with {mark} or more made {made} of them{sure}."


def tables(summary: Summary) -> list[Table]:
    """Every table of the page."""
    return [_headline_table(summary), _persons_table(summary), *(_part_table(summary, part) for part in PARTS)]


def _headline_table(summary: Summary) -> Table:
    found: dict[str, list[str]] = {}
    for named, words, _, measure, value, is_kept in summary.lines():
        if named == "headline":
            found.setdefault(words, []).append(KEPT_BACK if is_kept or value is None else _written(value, measure))
    rows = tuple(
        (words, ends[0], f"{ends[1]} to {ends[2]}" if len(ends) == 3 and KEPT_BACK not in ends else "")
        for words, ends in found.items()
    )
    is_claimed = all(plain.is_claimed(row["method"]) for row in summary.told)
    note = "" if is_claimed else f"Of intervals: {plain.NOT_CLAIMED} for all of them."
    part = wording.timed_part(summary.pack, "hours_all_misuse")
    if part:  # of all misuse together, which tells of nobody
        note = f"{note} Handling time is known of {part[0] / part[1]:.0%} of misuse calls and told of these alone.".lstrip()
    return Table("The main figures", note, ("", "Figure", "95% interval" if is_claimed else "Interval"), rows)


def _written(value: float, measure: str) -> str:
    if measure.startswith("share"):
        return wording.share(value)
    return wording.count(value) if measure.startswith(("calls", "hours")) else wording.decimal(value, 2)


def _cell(value: int | None) -> str:
    return KEPT_BACK if value is None else wording.count(value)


def _persons_table(summary: Summary) -> Table:
    rows = [
        (
            name,
            *(
                _cell(summary.shown(("persons", "misuse calls made", name, measure)))
                for measure in ("persons", "calls")
            ),
        )
        for name, _, _ in summary.bands
    ]
    rows += [
        (f"all {who}", *(_cell(summary.shown(("persons", who, ALL, measure))) for measure in ("persons", "calls")))
        for who in (OTHERS, PERSISTENT)
    ]
    note = f"Persistent callers: {summary.pack.settings.threshold} or more. Calls without a known person are not in this table."
    return Table(
        "How many people made how many calls", note, ("Misuse calls made", "People", "Their calls"), tuple(rows)
    )


def _part_table(summary: Summary, part: str) -> Table:
    values: Sequence[str] = sorted({cell[2] for cell in summary.counts if cell[:2] == ("calls", part)})
    rows = [
        (_label(part, value),
         *(_cell(summary.shown(("calls", part, value, name))) for name in (ALL, *MADE_BY)))
        for value in sorted(values, key=lambda value: (value == TOO_FEW, value == "not recorded", value))
    ]  # fmt: skip
    rows.append((ALL, *(_cell(summary.shown(("calls", ALL, ALL, name))) for name in (ALL, *MADE_BY))))
    headings = (wording.sentence(part), "Misuse calls", *(wording.sentence(name) for name in MADE_BY))
    note = NOTES.get(part, "")
    if part == "month" and not all(month["is_whole"] for month in summary.pack.months):
        note = " The first or the last month is a part of one."
    return Table(f"Misuse calls by {part}", "By who made them." + note, headings, tuple(rows))


def _label(part: str, value: str) -> str:
    """A group as the page names it; the table keeps it as the log has it."""
    if part == "borough":
        return drawing.place(value)
    return f"{date.fromisoformat(value + '-01'):%B %Y}" if part == "month" else value
