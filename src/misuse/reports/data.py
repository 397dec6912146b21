"""Reads one published file into plain values: the only door between the reports and DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from misuse import models, store
from misuse.casebook.state import case_reference
from misuse.errors import StoreError
from misuse.published_callers import OfNobody, of_nobody
from misuse.reports import queries
from misuse.settings import Settings
from misuse.staleness import end_of_day, hours_old
from misuse.wording import local

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]
HEADLINE = "headline"
SINCE = "since_log_start"
MEETING_PARTS = (1, 2, 3)
# Relations that pictures are drawn from, each with the order of its rows.
STATISTICS = {
    "misuse_parts": ("part", "value"),
    "window_thresholds": ("window_name", "counted", "threshold"),
    "lorenz": ("share_of_callers",),
    "rank_stability": ("rank",),
    "control_charts": ("split", "value", "measure", "month"),
    "campaign_effects": ("began", "campaign", "figure"),
    "campaign_series": ("campaign", "week"),
    "sensitivity": ("kind", "way"),
    "list_differences": ("movement", "caller_id", "previous_caller_id"),
    "reason_totals": ("reason",),
    "equality": ("dimension", "group_name", "measure"),
    "code_error_rates": ("is_frequent", "kind", "stratum"),
    "caller_chances": ("caller_id",),
}

WAITING = 4  # the list's last part


@dataclass(frozen=True)
class Stamp:
    """What every page, sheet and row says of itself."""

    run_id: str
    as_of: date
    made_at: datetime  # in the reporting zone
    hours_old: float
    is_stale: bool
    stale_after_hours: int
    marking: str
    handling: str
    force: str


@dataclass(frozen=True)
class Detail:
    """What a caller's page shows beyond the tasking list's row."""

    months: list[Row] = field(default_factory=list)
    hours: list[Row] = field(default_factory=list)
    boroughs: list[Row] = field(default_factory=list)
    codes: list[Row] = field(default_factory=list)
    windows: dict[str, Row] = field(default_factory=dict)
    caller: Row = field(default_factory=dict)
    moves: list[Row] = field(default_factory=list)
    share_of_misuse: float | None = None


@dataclass(frozen=True)
class Changes:
    """The list now against the same count one cycle earlier, by today's rules and identities."""

    earlier_as_of: date
    entered: list[Row]  # rows of the tasking list over the line now and not then
    left: list[Row]  # over the line then and not now: caller_id, misuse_calls, rank as they were; case_ref
    moved: list[tuple[Row, int]]  # the meeting's rows over the line both times, with earlier ranks, in order of rank
    is_covered: bool  # the log reaches back to a whole earlier day
    days_lacking: int  # of the earlier window, since the log begins in it: fewer can have been over the line then
    is_first: bool  # no list was ever frozen for a meeting before


@dataclass(frozen=True)
class Pack:
    """Everything the reports print, read once."""

    stamp: Stamp
    settings: Settings
    first_day: date | None
    excluded: Row
    estimates: list[Row]
    bridge: list[Row]
    concentration: list[Row]
    months: list[Row]
    persistent: list[Row]
    tasking: list[Row]
    look: list[Row]
    runs: list[Row]
    changes: Changes
    kinds: Mapping[str, int]  # callers of any kind of call: person, shared_line, premises
    apart: list[Row]  # shared lines and premises over their own threshold, by window
    details: Mapping[str, Detail]
    statistics: Mapping[str, list[Row]] = field(default_factory=dict)  # those of STATISTICS
    has_earlier_run: bool = False
    of_nobody: OfNobody = field(default_factory=OfNobody)  # beside the look list
    public_counts: list[Row] = field(default_factory=list)  # misuse calls by part, value and who made them

    @property
    def meeting(self) -> list[Row]:
        """Parts 1 to 3, in the order of the meeting: part, then rank."""
        rows = [row for row in self.tasking if row["part"] in MEETING_PARTS]
        return sorted(rows, key=lambda row: (row["part"], row["rank"]))

    @property
    def waiting(self) -> list[Row]:
        return [row for row in self.tasking if row["part"] not in MEETING_PARTS]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.reporting_zone)

    @property
    def is_whole_log(self) -> bool:
        """Whether the headline window holds every day of the log, so that it and `since_log_start` count the same."""
        first = self.stamp.as_of - timedelta(days=self.settings.window_days - 1)
        return self.first_day is not None and self.first_day >= first

    def steps(self, window: str = HEADLINE) -> list[Row]:
        """The bridge of one window, in order."""
        return [row for row in self.bridge if row["window_name"] == window]

    def final(self, window: str = HEADLINE) -> Row | None:
        """The last step of a window's bridge: the final count."""
        steps = self.steps(window)
        return steps[-1] if steps else None

    def estimate(self, name: str, window: str = HEADLINE) -> Row | None:
        """The estimate counted by caller, or nothing where this log cannot support it."""
        for row in self.estimates:
            if (row["estimate"], row["window_name"], row["counted_by"]) == (name, window, "caller"):
                return row if row["point"] is not None else None
        return None

    def estimates_point(self, name: str, window: str = HEADLINE) -> float | None:
        """The figure itself; None where it has none."""
        row = self.estimate(name, window)
        return None if row is None else float(row["point"])

    def why_not(self, name: str, window: str = HEADLINE) -> str:
        """Why a figure has no value, as its method says."""
        for row in self.estimates:
            if (row["estimate"], row["window_name"], row["counted_by"]) == (name, window, "caller"):
                return str(row["method"]).removeprefix("not reckoned: ")
        return "this run did not reckon it"

    def rows(self, relation: str) -> list[Row]:
        """The rows of a relation of STATISTICS."""
        return self.statistics.get(relation, [])

    def charted(self, split: str, measure: str) -> list[Row]:
        """The control charts of one split and measure, by value and month."""
        return [row for row in self.rows("control_charts") if (row["split"], row["measure"]) == (split, measure)]

    def case_of(self, caller_id: str) -> str:
        """The case that a caller has, or the one it would get."""
        return next(
            (str(row["case_ref"]) for row in self.tasking if row["caller_id"] == caller_id), case_reference(caller_id)
        )


def read(published: Path, settings: Settings, now: datetime) -> Pack:
    """Everything the reports need from the published file at `published`.

    `now` is when the reports are made; without a zone it is taken as UTC.
    Errors: StoreError when the file is missing or no run can be told from it.
    """
    import duckdb

    if not published.is_file():
        raise StoreError(f"no published file at {published}", next_step="run: misuse run")
    with duckdb.connect(str(published), read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        return _pack(con, published, settings, now)


def _pack(con: duckdb.DuckDBPyConnection, published: Path, settings: Settings, now: datetime) -> Pack:
    tasking = _relation(con, "tasking_list", "rank")
    estimates = _relation(con, "estimates", "window_name", "counted_by", "estimate")
    bridge = _relation(con, "bridge", "window_name", "step_number")
    runs = _relation(con, "runs", "as_of", "started_at", "run_id")
    persistent = _relation(con, "persistent_callers", "rank")
    run_id, as_of = _which_run(published, bridge, estimates, tasking, runs)
    scope = {"channel": settings.headline_channel, "window_days": settings.window_days}
    span = _ask(con, queries.LOG_SPAN, {})[0]
    return Pack(
        stamp=_stamp(run_id, as_of, settings, now),
        settings=settings,
        first_day=span["first_day"],
        excluded=_of_model(con, "misuse_told_apart", scope | {"as_of": as_of})[0],
        estimates=estimates,
        bridge=bridge,
        concentration=_relation(con, "concentration", "misuse_calls"),
        months=_relation(con, "misuse_monthly", "month"),
        persistent=persistent,
        tasking=tasking,
        look=_look(con),
        of_nobody=of_nobody(con),
        runs=[row for row in runs if row["run_id"] == run_id],
        changes=_changes(con, tasking, persistent, scope | {"as_of": as_of}, span["first_day"], settings),
        kinds={row["identity_kind"]: int(row["callers"]) for row in _ask(con, queries.KINDS, {})},
        apart=_of_model(con, "lines_apart", {}),
        details=_details(con, tasking, scope | {"as_of": as_of}),
        statistics={name: _relation(con, name, *order) for name, order in STATISTICS.items()},
        public_counts=_of_model(con, "public_counts", scope | {"as_of": as_of}),
        has_earlier_run=any(row["run_id"] != run_id and row["status"] == "published" for row in runs),
    )


def _which_run(published: Path, *relations: list[Row]) -> tuple[str, date]:
    """The run that made the file: on every row of its own figures, else the last row of the ledger."""
    for rows in relations:
        if rows:
            return str(rows[-1]["run_id"]), rows[-1]["as_of"]
    raise StoreError(f"{published} tells no run", next_step="publish anew: misuse run")


def _stamp(run_id: str, as_of: date, settings: Settings, now: datetime) -> Stamp:
    hours = hours_old(as_of, settings, now)
    return Stamp(
        run_id=run_id,
        as_of=as_of,
        made_at=local(now, settings.reporting_zone),
        hours_old=hours,
        is_stale=hours > settings.stale_after_hours,
        stale_after_hours=settings.stale_after_hours,
        marking=settings.protective_marking,
        handling=settings.handling,
        force=settings.force,
    )


def _look(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """The look list: new and urgent first, then new, then urgent, then the others; each by coded misuse."""
    rows = _relation(con, "look_list", "caller_id")
    return sorted(rows, key=lambda row: (not row["is_new"], not row["is_urgent"], -(row["coded_misuse_calls"] or 0)))


def _changes(
    con: duckdb.DuckDBPyConnection, tasking: list[Row], persistent: list[Row], scope: Row, first_day: date | None, s: Settings
) -> Changes:  # fmt: skip
    """Who came over the line, who left it, whose rank changed: open cases below the line are on the list and not over it."""
    as_of: date = scope["as_of"]
    earlier_as_of = as_of - timedelta(days=s.cycle_days)
    earlier = _of_model(con, "earlier_list", scope | {"as_of": earlier_as_of, "threshold": s.threshold})
    rank_then = {row["caller_id"]: int(row["rank"]) for row in earlier}
    over = {row["caller_id"] for row in persistent}
    # Freezing a list opens its cases: no case from before the day's end means no list to compare with.
    before = {"before": end_of_day(as_of, s.reporting_zone).replace(tzinfo=None)}
    is_held = _ask(con, queries.EARLIER_CASES, before)[0]["cases"] > 0
    references = _references(con)
    moved = [
        (row, rank_then[row["caller_id"]])
        for row in tasking
        if row["caller_id"] in over and rank_then.get(row["caller_id"], row["rank"]) != row["rank"]
    ]
    return Changes(
        earlier_as_of=earlier_as_of,
        entered=[row for row in tasking if row["caller_id"] in over and row["caller_id"] not in rank_then],
        left=[row | {"case_ref": references(row["caller_id"])} for row in earlier if row["caller_id"] not in over],
        # Below the meeting's part every rank shifts with every call: that is noise.
        moved=[pair for pair in moved if pair[0]["part"] != WAITING],
        is_covered=first_day is not None and first_day <= earlier_as_of,
        days_lacking=max(0, (first_day - earlier_as_of).days + s.window_days - 1) if first_day is not None else 0,
        is_first=not is_held and not any(row["is_new"] for row in tasking),
    )


def _references(con: duckdb.DuckDBPyConnection) -> Callable[[str], str]:
    """By a caller, the reference of the caller's case, or of the one that the caller would get."""
    held = {str(row["caller_id"]): str(row["case_ref"]) for row in _ask(con, queries.CASES, {})}
    taken = frozenset(held.values())
    return lambda caller: held.get(caller) or case_reference(caller, is_taken=case_reference(caller) in taken)


def _details(con: duckdb.DuckDBPyConnection, tasking: list[Row], scope: Row) -> dict[str, Detail]:
    """The page facts of every caller of parts 1 to 3, each asked for all of them at once."""
    callers = [row["caller_id"] for row in tasking if row["part"] in MEETING_PARTS]
    if not callers:
        return {}
    everywhen = {"callers": callers, "channel": scope["channel"], "as_of": scope["as_of"]}
    months = _by_caller(_of_model(con, "caller_months", everywhen))
    hours, boroughs, codes = (
        _by_caller(_of_model(con, model, scope | {"callers": callers}))
        for model in ("caller_hours", "caller_boroughs", "caller_codes")
    )
    windows, people, shares, moves = (
        _by_caller(_of_callers(con, name, callers, order))
        for name, order in (
            ("caller_windows", "window_name"),
            ("callers", "caller_id"),
            ("persistent_callers", "rank"),
            ("case_moves", "move_id"),
        )
    )
    return {
        caller: Detail(
            months=months.get(caller, []),
            hours=hours.get(caller, []),
            boroughs=boroughs.get(caller, []),
            codes=codes.get(caller, []),
            windows={row["window_name"]: row for row in windows.get(caller, [])},
            caller=next(iter(people.get(caller, [])), {}),
            moves=moves.get(caller, []),
            share_of_misuse=next((row["share_of_misuse"] for row in shares.get(caller, [])), None),
        )
        for caller in callers
    }


def _by_caller(rows: list[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["caller_id"], []).append(row)
    return grouped


def _of_callers(con: duckdb.DuckDBPyConnection, name: str, callers: list[str], order: str) -> list[Row]:
    import duckdb

    wanted = [duckdb.ConstantExpression(caller) for caller in callers]
    return _rows(con.table(name).filter(duckdb.ColumnExpression("caller_id").isin(*wanted)).order(order))


def _relation(con: duckdb.DuckDBPyConnection, name: str, *order: str) -> list[Row]:
    return _rows(con.table(name).order(", ".join(order)))


def _of_model(con: duckdb.DuckDBPyConnection, name: str, parameters: Mapping[str, Any]) -> list[Row]:
    return _rows(models.select(con, "reports/" + name, parameters))


def _ask(con: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any]) -> list[Row]:
    return _rows(con.execute(query, dict(parameters)))


def _rows(result: Any) -> list[Row]:
    return store.rows(result)
