"""Several rows of one call: which counts, which mean that the id is no call's own, and what to say of them.

The highest rank counts; of equal ones what the layout declared last read; ties by content digest. A layout's place is
its turn (`layout_turns`), not a time, and is that of the last live batch it read: withdrawing gives back what was there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse import models, sources, store
from misuse.errors import KeyCollision

if TYPE_CHECKING:
    import duckdb

# A few unranked versions are somebody's correction; over this and over 1% of the file they are a key
# that means different calls on different days.
UNRANKED_CALLS = 10
UNRANKED_SHARE = 0.01
BATCHES_NAMED = 5
# Corrections seldom change both the number and the time of a call; where over a tenth do, the id is no call's own.
OTHER_CALLS = 5
OTHER_SHARE = 0.1


@dataclass(frozen=True)
class Repeated:
    """How many calls of a file have versions that somebody should hear of, though it goes in."""

    unranked: int
    reread: int
    unlike: int
    superseded: int
    others: int  # of the superseded, of another number and another time than the version that counts


def layout_parameters(con: duckdb.DuckDBPyConnection, layout: sources.Layout) -> dict[str, Any]:
    """The layout that a file of the source is read by now, and its turn."""
    given = {"source": layout.name, "layout": layout.digest}
    return {"layout": layout.digest, "layout_turn": models.scalar(con, "ingest/layout_turn", given)[0]}


def refuse_collisions(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    layout: sources.Layout,
    read: sources.SourceRead,
    parameters: Mapping[str, Any],
) -> Repeated:
    """What repeated calls the judged file has. Errors: KeyCollision where its ids are no call's own."""
    rows = read.rows
    far_apart, unranked, reread, unlike = models.scalar(con, "ingest/collisions", parameters)
    if far_apart:
        raise _too_far_apart(con, path, far_apart, is_few=far_apart <= _allowance(rows), parameters=parameters)
    if unranked > _allowance(rows):
        raise _unranked(path, layout, unranked, unreadable=read.oddities.get("version_unreadable", 0))
    return Repeated(unranked, reread, unlike, *models.scalar(con, "ingest/restarted", {}))


def _allowance(rows: int) -> float:
    return max(UNRANKED_CALLS, UNRANKED_SHARE * rows)


def _unranked(path: Path, layout: sources.Layout, calls: int, *, unreadable: int) -> KeyCollision:
    """The refusal of ids whose rows nothing ranks: the id's fault, or that of versions that could not be read."""
    several = f"{path.name}: {calls} call ids stand for several different rows that no version column ranks, over 1% "
    if unreadable:
        return KeyCollision(
            f'{several}of the file: {unreadable} of its versions could not be read as kind = "{layout.version_kind}" says; '
            "nothing of the file went in",
            next_step=f"set [sources.{layout.name}.version] kind to what the column holds (for times, its formats under "
            f"[sources.{layout.name}.times] too), then ingest again",
        )
    next_step = "compose call_id of more columns, or declare the version column, then ingest again"
    if "version" in layout.columns:
        next_step = (
            "compose call_id of more columns, or map version to a column that tells such rows apart, then ingest again"
        )
    return KeyCollision(
        f"{several}of the file, so the id is not one call's own; nothing of the file went in", next_step=next_step
    )


def _too_far_apart(
    con: duckdb.DuckDBPyConnection, path: Path, calls: int, *, is_few: bool, parameters: Mapping[str, Any]
) -> KeyCollision:
    """The refusal of ids that come on several days: of a few a mistyped date may be the cause, of many the id is."""
    found = store.rows(models.select(con, "ingest/far_apart", parameters))
    numbers = ", ".join(str(number) for place in found if place["batch_id"] is None for number in place["first_rows"])
    batches = [place for place in found if place["batch_id"] is not None]
    named = ", ".join(f"{place['batch_id']} ({place['file_name']})" for place in batches[:BATCHES_NAMED])
    more = f" and {len(batches) - BATCHES_NAMED} more" if len(batches) > BATCHES_NAMED else ""
    others = f", against batch {named}{more}" if batches else ""
    ids = "1 call id stands" if calls == 1 else f"{calls} call ids stand"
    compose = (
        "compose call_id with the date (CAD numbers restart daily), for example "
        'call_id = ["call_date", "call_number"], then ingest again'
    )
    steps = [compose]
    if is_few:
        older = "take the older row out of a copy of its file"
        again = (
            f"`misuse batch withdraw {batches[0]['batch_id']} --reason …`, ingest the copy, then" if batches else "then"
        )
        steps = [f"where a date was mistyped and is corrected here, {older}, {again} ingest again; else {compose}"]
    if any(place["is_other_layout"] for place in batches):
        steps.append(
            "where an earlier layout read the times wrong, `misuse batch withdraw` the batches named and ingest their files "
            "again"
        )
    return KeyCollision(
        f"{path.name}: {ids} for calls more than 24 hours apart (its rows {numbers}{others}), so the id is "
        "not one call's own; nothing of the file went in",
        next_step="; ".join(steps),
    )


def warnings(found: Repeated, layout: sources.Layout, oddities: Mapping[str, int]) -> Iterator[str]:
    """What nobody may overlook of which version counts."""
    if found.unranked:
        advice = "mend the version column" if "version" in layout.columns else "declare a version column"
        yield (
            f"{found.unranked} calls have different versions that no version column ranks; "
            f"the one that counts was chosen by content digest: {advice}"
        )
    if found.reread:
        yield (
            f"{found.reread} calls are in as another layout of the source read them; as this one reads them they count: "
            "ingest the source's other files again, so that all are read alike"
        )
    if found.others >= OTHER_CALLS and found.others > OTHER_SHARE * found.superseded:
        yield (
            f"{found.others} of {found.superseded} superseded rows are of another number and another time than the call they "
            "stand for: the call id may restart, and these calls do not count; add the desk or the time to call_id, then "
            "ingest the source's files again"
        )
    if found.unlike:
        yield (
            f"{found.unlike} calls have versions whose order is that of text, such as '9' and '10' or 'V9' and 'V10', or that were read by "
            f"another kind of version column: set [sources.{layout.name}.version] kind, or map version to the time of the last change, then ingest the files again"
        )
    yield from sources.version_advice(oddities)


def rerank(con: duckdb.DuckDBPyConnection, source: str, replaced: str) -> None:
    """Make current, of each call that several layouts may have read, the version that counts; `replaced` went out."""
    given = {"source": source, "replaced": replaced}
    models.build(con, "ingest/contested_held", given, temporary=True, relation="contested_keys")
    if not con.execute("select 1 from contested_keys limit 1").fetchone():
        return
    live = given | {"replaced": "", "layout": "", "layout_turn": 0}
    for name in ("live_turns", "version_turns"):
        models.build(con, f"ingest/{name}", live, temporary=True)
    models.script(con, "ingest/rerank", {})
