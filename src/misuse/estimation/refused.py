"""What is not reckoned, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refused:
    """In place of a figure that the data cannot carry."""

    reason: str
