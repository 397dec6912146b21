"""The Monday page and the look list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from misuse import explain
from misuse.web.visits import Page, Redirect

if TYPE_CHECKING:
    from misuse.web.visits import Answer, Visit


def page(visit: Visit) -> Answer:
    """What entered, left and changed since the last cycle, what to prepare, what is overdue, who needs a look."""
    from misuse.room import care, results

    found = results.monday(visit.desk)
    looks = care.looks(visit.desk)
    waiting = [row for row in looks if row["seen_at"] is None]
    shown = (waiting or looks)[:8]
    values = {"title": "Monday", "found": found, "looks": shown, "waiting": len(waiting), "all_looks": len(looks)}
    return Page("monday.html", {**values, "reasons": explain.LOOK_REASONS})


def looks(visit: Visit) -> Answer:
    """People who need a look whatever the counts say, urgent first; never cut by capacity."""
    from misuse.room import care

    rows = care.looks(visit.desk)
    wanted = visit.query.get("show", "open")
    kept = [row for row in rows if wanted == "all" or row["seen_at"] is None or row["is_urgent"]]
    at = max(1, int(visit.query["page"]) if visit.query.get("page", "").isdecimal() else 1)
    values = {"rows": kept[(at - 1) * 50 : at * 50], "total": len(kept), "all": len(rows), "wanted": wanted}
    return Page("looks.html", {"title": "Look list", **values, "at": at, "reasons": explain.LOOK_REASONS})


def acknowledge(visit: Visit) -> Answer:
    """Record that somebody looked at a caller."""
    from misuse.room import care

    care.acknowledge(visit.desk, visit.path["caller"])
    return Redirect("/looks", "Your look is recorded")
