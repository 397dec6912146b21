"""What every command gets: its options, the settings, the clock, the actor, and how to show progress."""

from __future__ import annotations

import json
import os
import pwd
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from misuse import settings as settings_module
from misuse import wording
from misuse.errors import UsageError
from misuse.settings import Settings

if TYPE_CHECKING:
    from misuse.progress import Tracker


@dataclass
class Context:
    """One command's surroundings."""

    options: Any
    environ: Mapping[str, str]
    settings: Settings

    @classmethod
    def make(cls, options: Any, environ: Mapping[str, str], working_directory: Path) -> Context:
        config = Path(options.config) if getattr(options, "config", None) else None
        settings = settings_module.load(environ, working_directory, config)
        return cls(options, environ, settings)

    @property
    def now(self) -> datetime:
        """This moment, UTC without a zone, as the stores keep time."""
        return datetime.now(UTC).replace(tzinfo=None, microsecond=0)

    @cached_property
    def actor(self) -> str:
        """The operating-system user, as `misuse users` maps it: asked of the kernel, since LOGNAME can say anything."""
        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:  # a container may run as a number that no list of users has
            return f"uid{os.getuid()}"

    @property
    def wants_json(self) -> bool:
        return bool(getattr(self.options, "json", False))

    @cached_property
    def tracker(self) -> Tracker:
        from misuse.cli.bars import Bars

        return Bars(sys.stderr)

    def say(self, *lines: str) -> None:
        """Data and answers: standard output."""
        for line in lines:
            print(wording.inert(line))

    def note(self, *lines: str) -> None:
        """What is said beside the data: standard error."""
        for line in lines:
            print(wording.inert(line), file=sys.stderr)

    def print_json(self, document: Any) -> None:
        """Every time with its offset, as the reporting zone's clock had it."""
        self.print_raw_json(with_offsets(document, self.settings.reporting_zone))

    def print_raw_json(self, document: Any) -> None:
        """Times as they are: for what somebody else named, so that nobody knows whether it is kept in UTC."""
        print(json.dumps(document, indent=1, default=_plain, ensure_ascii=False))

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[Any]], *, numeric: Sequence[str] = ()) -> None:
        """A table for reading; programs use --json."""
        from misuse.cli.bars import table_text

        print(table_text(headings, rows, numeric=numeric))


def with_offsets(document: Any, zone: str) -> Any:
    """The document with an offset on every time that has none: those are kept in UTC, but for `_local` ones."""
    if isinstance(document, Mapping):
        return {name: _offset_in(document, name, zone) for name in document}
    if isinstance(document, list | tuple):
        return [with_offsets(part, zone) for part in document]
    return wording.local(document, zone) if isinstance(document, datetime) and not document.tzinfo else document


def _offset_in(row: Mapping[Any, Any], name: Any, zone: str) -> Any:
    """One value of an object. A local time tells its offset by the stored one beside it; where there is none, the hour
    that comes twice in October is taken for the first."""
    value = row[name]
    if not (isinstance(value, datetime) and str(name).endswith("_local")):
        return with_offsets(value, zone)
    stored = row.get(str(name).removesuffix("_local") + "_at")
    return with_offsets(stored, zone) if isinstance(stored, datetime) else value.replace(tzinfo=ZoneInfo(zone))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def parse_date(text: str) -> date:
    """A date as YYYY-MM-DD. Errors: UsageError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"'{text}' is no date", next_step="write it as 2025-12-31") from None


@contextmanager
def published(context: Context, action: str | None = None) -> Iterator[Any]:
    """The published copy, open for reading; with an action, for whoever's role permits it in the review room too."""
    from misuse import casebook, publication

    with publication.opened(context.settings) as con:
        if action is not None:
            with casebook.opened_to_read(context.settings) as book:
                if book.only_read:
                    context.note(f"as it was last recorded, since nothing can be: {book.only_read}")
                book.admit(action, context.actor, occurred_at=context.now)
        yield con
