"""The Monday page and the look list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from misuse import explain
from misuse.web.visits import Page, Redirect

if TYPE_CHECKING:
    from misuse.web.visits import Answer, Visit


AT_ONCE = 25


def page(visit: Visit) -> Answer:
    """What entered, left and changed since the last cycle, what to prepare, what is overdue, who needs a look."""
    from misuse.room import care, results

    found = results.monday(visit.desk)
    rows = [row for row in care.looks(visit.desk) if row["waits"]]
    values = {"title": "Monday page", "found": found, "rows": rows[:8], "reasons": explain.LOOK_REASONS}
    return Page("monday.html", values)


def looks(visit: Visit) -> Answer:
    """People who need a look whatever the counts say, urgent first; never cut by capacity."""
    from misuse.room import care

    rows = care.looks(visit.desk)
    wanted = visit.query.get("show", "open")
    kept = [row for row in rows if wanted == "all" or row["seen_at"] is None or row["is_urgent"]]
    shown = visit.page_of(kept, AT_ONCE)
    values = {"shown": shown, "rows": shown.rows, "all": len(rows), "wanted": wanted}
    values["of_nobody"] = care.stopped_of_nobody(visit.desk)
    return Page("looks.html", {"title": "Look list", **values, "reasons": explain.LOOK_REASONS})


def acknowledge(visit: Visit) -> Answer:
    """Record that somebody looked at a caller."""
    from misuse.room import care

    care.acknowledge(visit.desk, visit.path["caller"])
    return Redirect("/looks", "Your look is recorded")
