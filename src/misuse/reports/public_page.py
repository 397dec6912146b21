"""The public summary as one page of HTML that needs nothing beside it."""

from __future__ import annotations

from html import escape

from misuse.estimation.suppression import LEAST
from misuse.reports import public, wording
from misuse.reports.data import Pack
from misuse.reports.plots import Picture, drawing, shares, work
from misuse.reports.public import Summary, Table

_STYLE = (
    "body{font:16px/1.5 Georgia,serif;color:#1f2a36;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.7rem}h2{font-size:1.2rem;margin-top:2rem}.lead{font-size:1.25rem;border-left:4px solid #0072b2;padding-left:.8rem}"
    "table{border-collapse:collapse;font-size:.9rem}th,td{padding:.2rem .7rem;border-bottom:1px solid #d5dbe1;text-align:right}"
    "th:first-child,td:first-child{text-align:left}tr.total td{font-weight:bold}.kept{color:#5b6672;font-style:italic}"
    ".wide{overflow-x:auto}figure{margin:1.5rem 0;overflow-x:auto}figure svg{max-width:100%;min-width:32rem;height:auto}figcaption,.note,footer{color:#5b6672;font-size:.85rem}"
)
MEANS = (
    "Persistent callers are people with {threshold} or more misuse calls in {period}. A misuse call is one whose code says so, that no "
    "safeguard bars and that is not in doubt, by a code nobody chose or facts that contradict it. Shared lines and premises, such as hostels and telephone boxes, are never "
    "counted as a person.",
    "The interval says how different the figure could have been, had chance sent other callers of the same kind. {trusted}{bounds}",
    "A day’s work is the calls of a mean day of the same month.",
    "Codes can be wrong and one person may have several numbers. The share since a log began grows with the log and is no trend, so it is "
    "not given here.",
    "Every call is answered and met on its merits, whoever makes it.",
)
KEPT = (
    f"Numbers from one to {LEAST - 1}, numbers that fewer than {LEAST} callers stand behind, and those of which one caller made more than "
    "half, are kept back. So that nobody can tell "
    "them by subtraction, others are kept back beside them, over all tables together. Noughts are told."
)


def page(pack: Pack) -> bytes:
    """The page: figures of groups alone, no reference and no single caller."""
    summary = Summary(pack)
    stamp = f"Run {pack.stamp.run_id} · to {wording.day(pack.stamp.as_of)} · made {wording.day(pack.stamp.made_at)}"
    body = [
        f"<p class='note'>{escape(public.MARKING)}. Draft until a named person of the force releases it. {escape(stamp)}</p>",
        f"<h1>Misuse of 999</h1><p class='note'>{escape(pack.stamp.force)}</p>",
        f"<p class='lead'>{escape(public.headline(summary))}</p>",
        *_stale(pack),
        *_figures(summary),
        *(_table(table) for table in public.tables(summary)),
        "<h2>How to read this</h2>",
        *(f"<p>{escape(line)}</p>" for line in _means(pack, wording.bounds(pack) if summary.tells_bounds else "")),
        f"<h2>What is kept back</h2><p>{escape(KEPT)}</p>",
        f"<footer>{escape(stamp)}. The same figures as a table: summary.csv.</footer>",
    ]
    head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width, initial-scale=1'><title>Misuse of 999: public summary to {wording.day(pack.stamp.as_of)}</title><style>{_STYLE}</style>"
    return f"<!doctype html>\n<html lang='en-GB'><head>{head}</head>\n<body>\n{chr(10).join(body)}\n</body></html>\n".encode()


def _stale(pack: Pack) -> list[str]:
    return [f"<p><strong>{escape(wording.stale_warning(pack.stamp))}</strong></p>"] if pack.stamp.is_stale else []


def _means(pack: Pack, bounds: str) -> list[str]:
    """How to read the page; `bounds` says what calls of nobody known could make of the share, empty where that may not be told."""
    row = pack.estimate("share_of_misuse")
    parts = [part.strip() for part in str(row["method"]).split(";")] if row else []
    trusted = next(
        (f"How far to trust it: {part}." for part in parts if part.startswith(("it held", "with so few"))), ""
    )
    values = {
        "threshold": pack.settings.threshold,
        "period": wording.period(pack),
        "trusted": trusted,
        "bounds": f" {bounds}" if bounds else "",
    }
    return [line.format(**values).strip() for line in MEANS]


def _figures(summary: Summary) -> list[str]:
    """Pictures of the main figures as the tables tell them; none where a figure in them is kept back."""
    if summary.hides_persistent or wording.uncounted(summary.pack):
        return []
    drawn = (shares.shares(summary.drawn), work.workload(summary.drawn))
    return [
        f"<figure role='img' aria-label='{escape(one.words, quote=True)}'>{drawing.svg(drawing.specification(one))}</figure>"
        for one in drawn
        if isinstance(one, Picture)
    ]


def _table(table: Table) -> str:
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in table.headings)
    rows = "".join(
        f"<tr{' class=total' if row[0] == public.ALL else ''}>"
        + "".join(f"<td{' class=kept' if cell == public.KEPT_BACK else ''}>{escape(cell)}</td>" for cell in row)
        + "</tr>"
        for row in table.rows
    )
    note = f"<p class='note'>{escape(table.note)}</p>" if table.note else ""
    return f"<h2>{escape(table.title)}</h2>{note}<div class='wide'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
