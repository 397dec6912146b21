"""The figures of the model card, from a pinned document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def card(document: Mapping[str, Any]) -> str:
    """The model card's figures, as Markdown."""
    lines = [
        f"Learned from {document['known_lines']:,} known shared lines and {document['persons_numbers']:,} persons' numbers; "
        f"{document['left_out']:,} numbers that a place or a firm holds and nobody marked were left out. Of all shared lines "
        f"{document['unmarked_share']:.0%} are taken to be unmarked ({document['unmarked_basis']}).",
        "",
    ]
    if document["why"]:
        lines += [f"**It suggests nothing:** {document['why']}.", ""]
    else:
        lines += [
            f"It suggests from a probability of {document['threshold']:.4f}, on windows that hold about {document['log_days']} days of log, as its own did.",
            "",
        ]
    if "held_out" in document:
        lines += _card_of_held_out(document["held_out"])
        lines += ["| feature | weight |", "|---|---:|"]
        lines += [f"| {feature['name']} | {feature['weight']:+.2f} |" for feature in document["features"]]
    return "\n".join(lines).strip() + "\n"


def _card_of_held_out(held_out: Mapping[str, Any]) -> list[str]:
    return [
        "| on lines held out | |",
        "|---|---:|",
        f"| suggested | {held_out['suggested']:,} |",
        f"| of them known shared lines | {held_out['right']:,} |",
        f"| precision | {held_out['precision']:.1%} ({held_out['precision_low']:.1%} to {held_out['precision_high']:.1%}) |",
        f"| precision among lines that nobody marked, expected | {held_out['precision_as_read']:.1%} |",
        f"| known shared lines found | {held_out['found']:.1%} |",
        f"| unmarked lines of places and firms found | {held_out['unmarked_places_found']} of {held_out['unmarked_places']} |",
        f"| Brier's score | {held_out['brier']:.4f} |",
        "",
        "| kind | found | of |",
        "|---|---:|---:|",
        *(f"| {kind} | {found} | {of} |" for kind, (found, of) in held_out["found_by_kind"].items()),
        "",
        "| probability up to | lines | expected shared | known shared |",
        "|---:|---:|---:|---:|",
        *(
            f"| {row['to']:.2f} | {row['lines']:,} | {row['expected']:.1f} | {row['known']} |"
            for row in held_out["calibration"]
        ),
        "",
    ]
