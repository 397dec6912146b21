"""The tasking list: sorted and filtered by plain links, and exported as it is filtered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from misuse import published_callers
from misuse.web import words
from misuse.web.visits import Download, Page

if TYPE_CHECKING:
    from misuse.web.visits import Answer, Visit

PAGE_ROWS = 25
EVERYBODY, WAITING = "all", 4
FILTERS = ("part", "lane", "status", "borough", "flag")
# What may be sorted by: its heading, and whether the largest come first.
SORTS: Mapping[str, tuple[str, bool]] = {
    "rank": ("Rank", False),
    "misuse": ("Misuse calls", True),
    "d90": ("90 days", True),
    "d30": ("30 days", True),
    "episodes": ("Episodes", True),
    "hours": ("Hours", True),
    "chance": ("Chance of ten", True),
    "review": ("Review", False),
    "last": ("Last call", True),
}
_TITLES = {"part": "Part", "lane": "Lane", "status": "State", "borough": "Borough", "flag": "Flag"}
# What the exports hold, in the words of the page.
COLUMNS = (
    "rank", "part", "case_ref", "caller_id", "status", "misuse_calls_window", "misuse_calls_lifetime", "misuse_calls_d365",
    "misuse_calls_d90", "misuse_calls_d30", "episodes", "genuine_calls_window", "p_at_least_threshold", "handling_hours",
    "unit_hours", "boroughs", "flags", "lane", "options", "owner", "review_date", "reasons", "doubts", "is_new",
    "last_misuse_at", "run_id", "as_of",
)  # fmt: skip


def page(visit: Visit) -> Answer:
    """The list as filtered and sorted by the address."""
    rows, left_out = _rows(visit)
    at = max(1, _number(visit.query.get("page", "")))
    shown = rows[(at - 1) * PAGE_ROWS : at * PAGE_ROWS]
    chosen = _chosen(visit)
    return Page(
        "list.html",
        {
            "title": "Tasking list",
            "rows": shown,
            "total": len(rows),
            "all": sum(row["callers"] for row in visit.published.rows("tasking_choices") if row["kind"] == "part"),
            "first": (at - 1) * PAGE_ROWS + 1,
            "left_out": left_out,
            "filters": _filters(visit, chosen),
            "chosen": chosen,
            "sorts": _sorts(visit),
            "query": urlencode({**chosen, **_sorting(visit)}),
            "earlier": _link(visit, page=str(at - 1)) if at > 1 else "",
            "later": _link(visit, page=str(at + 1)) if len(rows) > at * PAGE_ROWS else "",
        },
    )


def as_csv(visit: Visit) -> Answer:
    """The filtered list, whole, as CSV."""
    return _export(visit, "csv", "text/csv; charset=utf-8")


def as_xlsx(visit: Visit) -> Answer:
    """The filtered list, whole, as a workbook."""
    return _export(visit, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def _export(visit: Visit, form: str, media: str) -> Answer:
    from misuse.room import packs

    rows, _ = _rows(visit)
    content = packs.export(visit.desk, rows, COLUMNS, name="tasking list", form=form)
    return Download(content, f"tasking_list_{visit.published.run()['run_id']}.{form}", media)


def _rows(visit: Visit) -> tuple[list[dict[str, Any]], int]:
    """The rows that are asked for, each as its case stands now, and how many were left out since a stop reached them after the run.

    Filters and order are the run's.
    """
    wanted = {**_all(), **_chosen(visit), **_sort_values(visit)}
    wanted["parts"] = _parts(wanted.pop("part"))
    rows = visit.published.rows("tasking_rows", **wanted)
    with visit.desk.published() as con, visit.desk.book() as book:
        stopped = published_callers.stopped_now(con, visit.settings, book)
        held = book.cases()
    kept = [_as_it_stands(row, held.get(row["case_ref"])) for row in rows if row["caller_id"] not in stopped]
    return kept, len(rows) - len(kept)


def _as_it_stands(row: dict[str, Any], case: Mapping[str, Any] | None) -> dict[str, Any]:
    """The row with what was decided of its case since the run."""
    if case is None:
        return row
    review = str(case["review_date"]) if case["review_date"] else None
    return row | {
        "status": case["status"],
        "lane": case["lane"] or row["lane"],
        "owner": case["owner"],
        "review_date": date.fromisoformat(review) if review else None,
    }


def _parts(text: str | None) -> list[int]:
    """The parts that an address asks for: the meeting's unless it says otherwise."""
    if text == EVERYBODY:
        return list(words.PARTS)
    return [_number(text)] if text else [part for part in words.PARTS if part != WAITING]


def _all() -> dict[str, Any]:
    return {**dict.fromkeys(FILTERS), "sort": "rank", "is_descending": False}


def _chosen(visit: Visit) -> dict[str, str]:
    return {name: visit.query[name] for name in FILTERS if visit.query.get(name)}


def _sorting(visit: Visit) -> dict[str, str]:
    sort = visit.query.get("sort", "")
    if sort not in SORTS:
        return {}
    order = visit.query.get("order", "")
    return {"sort": sort, "order": order if order in ("up", "down") else ("down" if SORTS[sort][1] else "up")}


def _sort_values(visit: Visit) -> dict[str, Any]:
    sorting = _sorting(visit)
    return {"sort": sorting.get("sort", "rank"), "is_descending": sorting.get("order") == "down"}


def _link(visit: Visit, **changes: str) -> str:
    """The same page with something else in its address; an empty value leaves a part out."""
    values = {**_chosen(visit), **_sorting(visit), **changes}
    query = urlencode({key: value for key, value in values.items() if value})
    return "/list" + ("?" + query if query else "")


def _sorts(visit: Visit) -> dict[str, dict[str, str]]:
    """Each heading's link, and how the page is sorted by it now."""
    now = _sorting(visit) or {"sort": "rank", "order": "up"}
    found = {}
    for name, (_, is_largest_first) in SORTS.items():
        is_here = name == now["sort"]
        turned = "up" if now["order"] == "down" else "down"
        order = turned if is_here else ("down" if is_largest_first else "up")
        aria = {"down": "descending", "up": "ascending"}[now["order"]] if is_here else ""
        found[name] = {"href": _link(visit, sort=name, order=order, page=""), "aria": aria}
    return found


def _filters(visit: Visit, chosen: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each filter with its choices as links, the chosen one marked."""
    choices = visit.published.rows("tasking_choices")
    found = []
    for name in FILTERS:
        values = [row for row in choices if row["kind"] == name]
        links = [
            {
                "text": _choice(name, row["value"]),
                "callers": row["callers"],
                "href": _link(visit, **{name: row["value"], "page": ""}),
                "is_chosen": chosen.get(name) == row["value"],
            }
            for row in values
        ]
        if name == "part":
            links.append(_everybody(visit, chosen, values))
        without = "for the meeting" if name == "part" else "all"
        everything = _link(visit, **{name: "", "page": ""})
        found.append({"title": _TITLES[name], "links": links, "all": everything, "without": without, "name": name})
    return found


def _everybody(visit: Visit, chosen: Mapping[str, str], values: list[dict[str, Any]]) -> dict[str, Any]:
    """The link to all four parts."""
    return {
        "text": "everybody",
        "callers": sum(row["callers"] for row in values),
        "href": _link(visit, part=EVERYBODY, page=""),
        "is_chosen": chosen.get("part") == EVERYBODY,
    }


def _choice(name: str, value: str) -> str:
    if name == "part":
        return f"{value} {words.PARTS.get(int(value), '').lower()}"
    if name == "borough":
        return words.place(value)
    return words.FLAGS.get(value, value) if name == "flag" else words.plain(value)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 7 else 0
