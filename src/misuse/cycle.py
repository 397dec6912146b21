"""When the coordination group's list is next to be frozen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from misuse import casebook
from misuse.settings import Settings
from misuse.wording import local_day


def is_due(settings: Settings, now: datetime) -> bool:
    """Whether the days between two meetings have gone by, in local days, since a list was last frozen; or none ever was."""
    due = due_on(settings)
    return due is None or local_day(now, settings.reporting_zone) >= due


def due_on(settings: Settings) -> date | None:
    """The local day on which the next list is to be frozen; None before the first."""
    last = last_frozen(settings)
    return last + timedelta(days=cadence_days(settings)) if last else None


def as_agreed(settings: Settings) -> Settings:
    """The settings with the days between meetings that the terms of reference agree: what a run looks back and ahead by."""
    return replace(settings, cycle_days=cadence_days(settings))


def cadence_days(settings: Settings) -> int:
    """Days from one meeting to the next: by the terms of reference in force, or the settings where none are agreed."""
    if not casebook.casebook_path(settings).exists():
        return settings.cycle_days
    with casebook.opened(settings) as book:
        agreed = book.entries("terms_set")
    return int(agreed[-1].data["cadence_days"]) if agreed else settings.cycle_days


def last_frozen(settings: Settings) -> date | None:
    """The local day on which a list was last frozen."""
    if not casebook.casebook_path(settings).exists():
        return None
    with casebook.opened(settings) as book:
        events = list(book.frozen_lists().values())
    return local_day(events[-1].at, settings.reporting_zone) if events else None
