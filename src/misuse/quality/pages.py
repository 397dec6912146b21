"""Data Docs made to stand alone: no script, style or picture from another host, and an index that needs none."""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path

# What Great Expectations' pages load from other hosts, and the scripts that need what they load.
_LOADS = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<img\b[^>]*>|<footer\b.*?</footer>|<button\b.*?</button>|@media \(prefers-color-scheme: dark\) \{.*?\n\}",
    re.DOTALL | re.IGNORECASE,
)
_LINKS_AWAY = re.compile(r"""<a\b[^>]*href=["']https?://[^>]*>(.*?)</a>""", re.DOTALL | re.IGNORECASE)
_ADDRESSES = re.compile(r"""url\(\s*['"]?https?://[^)]*\)""", re.IGNORECASE)

_STYLE = """<style>
body { font-family: sans-serif; margin: 1rem 2rem 4rem; color: #1d1d1d; background: #fff; max-width: 80rem; }
table { border-collapse: collapse; margin: .5rem 0 1rem; }
td, th { border: 1px solid #ccc; padding: .25rem .5rem; text-align: left; vertical-align: top; }
a { color: #1d4f91; } .no { color: #a1160a; font-weight: bold; } .sticky, .container { position: static; padding: 0; }
.cooltip .top, #ge-cta-footer { display: none; }
</style>"""


def make_local(out: Path, title: str) -> Path:
    """Strip every page under `out` of what it would load, and write an index; returns the index."""
    for page in out.rglob("*.html"):
        page.write_text(stand_alone(page.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.rmtree(out / "static", ignore_errors=True)
    index = out / "index.html"
    index.write_text(_index(out, title), encoding="utf-8")
    return index


def stand_alone(page: str) -> str:
    """A page that loads nothing."""
    page = _LINKS_AWAY.sub(r"\1", _LOADS.sub("", page))
    return _ADDRESSES.sub("none", page).replace("</head>", f"{_STYLE}</head>", 1)


def loads_from_elsewhere(page: str) -> list[str]:
    """What a page would fetch from another host: script, style, picture, frame."""
    return re.findall(r"""(?:src|href|url\(|@import)\s*=?\s*["']?((?:https?:)?//[^"'\s)>]+)""", page)


def _index(out: Path, title: str) -> str:
    """Newest first: every result's page by suite and run, then the suites with their limits."""
    results = sorted((out / "validations").glob("*/*/*/*.html"), key=lambda page: page.parent.name, reverse=True)
    rows = [_row(page, out) for page in results]
    suites = [
        f'<li><a href="{html.escape(page.relative_to(out).as_posix())}">{html.escape(page.stem)}</a></li>'
        for page in sorted((out / "expectations").rglob("*.html"))
    ]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>Checks, run {html.escape(title)}</title>{_STYLE}</head>',
            f"<body><h1>Checks at the two doors</h1><p>Run {html.escape(title)} and the recent results before it. ",
            "The whole history is in the warehouse's table check_results.</p>",
            "<table><thead><tr><th>When (UTC)</th><th>Suite</th><th>Run or batch</th><th>Holds</th></tr></thead><tbody>",
            *rows,
            "</tbody></table><h2>Limits</h2><ul>",
            *suites,
            "</ul></body></html>",
        ]
    )


def _row(page: Path, out: Path) -> str:
    suite, run, moment, _ = page.relative_to(out / "validations").parts
    failed = re.search(r"Failed\s*</", page.read_text(encoding="utf-8")) is not None
    when = f"{moment[:4]}-{moment[4:6]}-{moment[6:8]} {moment[9:11]}:{moment[11:13]}"
    link = f'<a href="{html.escape(page.relative_to(out).as_posix())}">{html.escape(run)}</a>'
    holds = '<td class="no">no</td>' if failed else "<td>yes</td>"
    return f"<tr><td>{when}</td><td>{html.escape(suite)}</td><td>{link}</td>{holds}</tr>"
