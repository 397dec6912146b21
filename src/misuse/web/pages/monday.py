"""The Monday page and the look list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from misuse import explain
from misuse.web.visits import Page, Redirect

if TYPE_CHECKING:
    from misuse.web.visits import Answer, Visit


AT_ONCE = 25


def page(visit: Visit) -> Answer:
    """What entered, left and changed since the last cycle, what to prepare, what is overdue, who needs a look."""
    from misuse.room import results

    found = results.monday(visit.desk)
    with visit.desk.book() as book:
        seen = {str(event.caller_id): event.at for event in book.entries("look_acknowledged")}
    found_rows = visit.published.rows("look_first")
    rows = [{**row, "seen_at": None} for row in found_rows if not _is_seen(row, seen.get(str(row["caller_id"])))]
    values = {"title": "Monday page", "found": found, "rows": rows[:8], "reasons": explain.LOOK_REASONS}
    return Page("monday.html", values)


def _is_seen(row: Mapping[str, Any], looked_at: datetime | None) -> bool:
    """Whether somebody has looked; where something urgent came since a look that the run knew of, whether once more."""
    if looked_at is None or not row["is_urgent"]:
        return looked_at is not None
    return row["acknowledged_at"] is None or looked_at > row["acknowledged_at"]


def looks(visit: Visit) -> Answer:
    """People who need a look whatever the counts say, urgent first; never cut by capacity."""
    from misuse.room import care

    rows = care.looks(visit.desk)
    wanted = visit.query.get("show", "open")
    kept = [row for row in rows if wanted == "all" or row["seen_at"] is None or row["is_urgent"]]
    shown = visit.page_of(kept, AT_ONCE)
    values = {"shown": shown, "rows": shown.rows, "all": len(rows), "wanted": wanted}
    return Page("looks.html", {"title": "Look list", **values, "reasons": explain.LOOK_REASONS})


def acknowledge(visit: Visit) -> Answer:
    """Record that somebody looked at a caller."""
    from misuse.room import care

    care.acknowledge(visit.desk, visit.path["caller"])
    return Redirect("/looks", "Your look is recorded")
