"""The room's papers as PDF: one Typst template, blocks in order, the marking, run and casebook head on every page.

Values reach Typst as data, never as markup.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from misuse.room.desk import Desk, local

PACKAGE = Path(__file__).resolve().parents[2]
TEMPLATE = Path(__file__).parent / "paper.typ"
Block = dict[str, Any]


@dataclass(frozen=True)
class Paper:
    """What a paper says, and what every page of it says of itself."""

    title: str
    subtitle: str
    marking: str
    handling: str
    force: str
    run_id: str
    as_of: str
    head: str
    made_at: str
    blocks: list[Block]
    watermark: str = ""


def paper(
    desk: Desk,
    title: str,
    blocks: Sequence[Block],
    *,
    subtitle: str = "",
    watermark: str = "",
    handling: str = "",
    of: tuple[str, date] | None = None,
) -> Paper:
    """A paper of the published run, or of another's id and as-of, and the casebook as it stands."""
    with desk.published() as con, desk.book() as book:
        row = con.execute("select max(as_of) from windows").fetchone()
        head = book.head()
    settings = desk.settings
    return Paper(
        title=title,
        subtitle=subtitle,
        marking=settings.protective_marking,
        handling=handling or settings.handling,
        force=settings.force,
        run_id=of[0] if of else desk.run_id,
        as_of=day(of[1] if of else row[0] if row else None),
        head=head,
        made_at=moment(desk, desk.now),
        blocks=[block for block in blocks if block],
        watermark=watermark,
    )


def pdf(made: Paper, at: datetime) -> bytes:
    """The PDF, tagged to PDF/UA where every character can be shown."""
    import typst

    words = json.dumps(asdict(made), ensure_ascii=False)
    try:
        return _typeset(words, at, is_sealed=True)
    except typst.TypstError:
        return _typeset(words, at, is_sealed=False)


def _typeset(words: str, at: datetime, *, is_sealed: bool) -> bytes:
    import typst

    made = typst.compile(
        str(TEMPLATE),
        root=str(PACKAGE),
        ignore_system_fonts=True,
        font_paths=[],
        sys_inputs={"document": words},
        pdf_standards=["ua-1"] if is_sealed else [],
        timestamp=int(at.replace(tzinfo=UTC).timestamp()),
    )
    return bytes(made)


# ── blocks ─────────────────────────────────────────────────────────────────────────────────────


def heading(text: str) -> Block:
    """A heading."""
    return {"kind": "heading", "text": text}


def para(text: str, kind: str = "para") -> Block:
    """A paragraph; `kind` may be small, box or warning."""
    return {"kind": kind, "text": text} if text else {}


def listed(items: Sequence[str]) -> Block:
    """A list of sentences."""
    return {"kind": "list", "items": list(items)} if items else {}


def facts(rows: Sequence[tuple[str, Any]]) -> Block:
    """Names and what they hold; empty ones left out."""
    return {"kind": "facts", "rows": [[name, shown(value)] for name, value in rows if value not in (None, "", [])]}


def table(
    headings: Sequence[str], rows: Sequence[Sequence[Any]], widths: Sequence[str] = (), empty: str = "None."
) -> Block:
    """A table, or a sentence where it has no row."""
    if not rows:
        return para(empty)
    wide = list(widths) or ["auto"] * (len(headings) - 1) + ["1fr"]
    return {
        "kind": "table",
        "headings": list(headings),
        "rows": [[shown(cell) for cell in row] for row in rows],
        "widths": wide,
    }


def lines(labels: Sequence[str]) -> Block:
    """Lines to write on."""
    return {"kind": "lines", "labels": list(labels)}


def page() -> Block:
    """A new page."""
    return {"kind": "break"}


def shown(value: Any) -> str:
    """A value as a paper writes it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{day(value.date())} {value:%H:%M}"
    if isinstance(value, date):
        return day(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value))
    return str(value)


def day(value: date | None) -> str:
    """A day in words."""
    return f"{value.day} {value:%B %Y}" if value else "–"


def moment(desk: Desk, at: datetime) -> str:
    """A stored time, local, in words."""
    here = local(desk.settings, at)
    return f"{day(here.date())} {here:%H:%M}"
