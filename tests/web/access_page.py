"""docs/access.md, made from the routes' own table: `python -m tests.web.access_page` writes it."""

from __future__ import annotations

import sys
from pathlib import Path

from misuse import review
from misuse.web import access
from misuse.web.routes import ROUTES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "access.md"
ROLES = tuple(role for role in review.ROLES if role != "pipeline")
OPENING = """# Who may open what in the review room

Made by `python -m tests.web.access_page` from `src/misuse/web/routes.py`; a test keeps them in step, and another tries every
cell: allowed, or refused and recorded as `access_refused`, with forged and replayed forms too. ● may. What an act records in the
casebook stands last. The casebook asks again by its own rules: a proposer approves nothing, a borough sees its own alone.
"""


def page() -> str:
    """The page as it should be."""
    heads = " | ".join(ROLES)
    lines = [OPENING, f"| route | {heads} | records |", "|---|" + "---|" * (len(ROLES) + 1)]
    for route in ROUTES:
        cells = " | ".join("●" if access.may(route.permission, role) else " " for role in ROLES)
        lines.append(f"| `{route.method} {route.path}` | {cells} | {', '.join(route.records) or '–'} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"written: {PAGE.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
