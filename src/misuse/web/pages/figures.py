"""Pages of figures: the headline with its bridge and intervals, data quality, runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from misuse.web.visits import Page
from misuse.wording import local_day

if TYPE_CHECKING:
    from misuse.web.visits import Answer, Visit

# Of the many figures, those that a meeting asks for first.
FIRST = (
    "persistent_callers", "misuse_calls", "persistent_misuse_calls", "share_of_misuse", "share_of_handling",
    "days_work_persistent", "days_work_all_misuse", "hours_persistent",
)  # fmt: skip


def estimates(visit: Visit) -> Answer:
    """The headline, its bridge, every estimate with interval, bounds and method, and the months."""
    rows = visit.published.rows("estimates")
    headline, since = (
        {row["estimate"]: row for row in rows if (row["window_name"], row["counted_by"]) == (window, "caller")}
        for window in ("headline", "since_log_start")
    )
    return Page(
        "estimates.html",
        {
            "title": "Estimates",
            "first": [headline[name] for name in FIRST if name in headline],
            "headline": headline,
            "since": since,
            "since_day": (visit.published.row("log_start") or {}).get("first_date"),
            "rows": [row for row in rows if row["window_name"] in ("headline", "since_log_start")],
            "bridges": {
                window: [row for row in visit.published.rows("bridge") if row["window_name"] == window]
                for window in ("headline", "since_log_start")
            },
            "months": visit.published.rows("months"),
            "sensitivity": visit.published.rows("sensitivity"),
        },
    )


def quality(visit: Visit) -> Answer:
    """What went in, what did not, what the checks said, and which safeguards the logs leave blind."""
    from misuse import safeguards, status

    today, now = local_day(visit.now, visit.settings.reporting_zone), visit.now
    with visit.desk.published() as con, visit.desk.book() as book:
        names, checks = safeguards.live_sources(con), book.safeguard_checks()
    guards = visit.published.for_a_moment(
        "guards", now, lambda: safeguards.judged(visit.settings, today, checks, names)
    )
    lines = visit.published.for_a_moment("status", now, lambda: status.status(visit.settings, now).lines)
    return Page(
        "quality.html",
        {
            "title": "Data quality",
            "batches": visit.published.rows("batches"),
            "doubts": visit.published.rows("doubts"),
            "errors": visit.published.rows("code_errors"),
            "guards": guards,
            "status": lines,
            "lines": visit.published.rows("shared_line_totals"),
        },
    )


def runs(visit: Visit) -> Answer:
    """Every run and what became of it."""
    return Page("runs.html", {"title": "Runs", "rows": visit.published.rows("runs")})
