"""The diagram of moves in docs/review-room.md, made from `review.MOVES`: `python -m tests.review_page` writes it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from misuse import review

PAGE = Path(__file__).resolve().parents[1] / "docs" / "review-room.md"
BEGIN, END = "<!-- moves: made by tests/review_page.py -->", "<!-- end of moves -->"


def section() -> str:
    """What stands between the two marks."""
    return f"{BEGIN}\n\n```mermaid\n{review.diagram()}```\n\n{review.table()}\n{END}"


def main() -> None:
    """Write the section anew."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: section(), text, flags=re.DOTALL), encoding="utf-8")
    sys.stdout.write(f"written: {PAGE.name}\n")


if __name__ == "__main__":
    main()
