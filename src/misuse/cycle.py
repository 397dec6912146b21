"""When the coordination group's list is next to be frozen."""

from __future__ import annotations

from datetime import date, datetime

from misuse import casebook
from misuse.settings import Settings
from misuse.wording import local_day


def is_due(settings: Settings, now: datetime) -> bool:
    """Whether `cycle_days` local days have gone by since a list was last frozen, or none ever was."""
    last = last_frozen(settings)
    return last is None or (local_day(now, settings.reporting_zone) - last).days >= settings.cycle_days


def last_frozen(settings: Settings) -> date | None:
    """The local day on which a list was last frozen."""
    if not casebook.casebook_path(settings).exists():
        return None
    with casebook.opened(settings) as book:
        events = list(book.frozen_lists().values())
    return local_day(events[-1].at, settings.reporting_zone) if events else None
