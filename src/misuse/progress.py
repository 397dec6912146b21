"""How far a long piece of work is: shown on standard error by the command line, silent elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Bar(Protocol):
    """One piece of work under way."""

    def advance(self, amount: float = 1.0) -> None: ...


class Tracker(Protocol):
    """Where work reports to. A tracker is an argument; nothing looks one up."""

    @contextmanager
    def step(self, name: str, total: float | None = None) -> Iterator[Bar]:
        """A named piece of work of `total` parts, or of unknown length."""
        ...


class _SilentBar:
    def advance(self, amount: float = 1.0) -> None:
        """Nothing to show."""


class Silent:
    """Shows nothing: for tests and flows."""

    @contextmanager
    def step(self, name: str, total: float | None = None) -> Iterator[Bar]:
        yield _SilentBar()
