"""How old what is published is, and whether it is too old: said alike wherever a list or a figure is shown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from misuse.settings import Settings
from misuse.wording import age


def end_of_day(day: date, zone: str) -> datetime:
    """The first moment after a local day."""
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def hours_old(as_of: date, settings: Settings, now: datetime) -> float:
    """Hours gone by since the day that is spoken for was over; `now` without a zone is UTC."""
    moment = now if now.tzinfo else now.replace(tzinfo=UTC)
    return (moment - end_of_day(as_of, settings.reporting_zone)) / timedelta(hours=1)


def header(run_id: str, as_of: date, settings: Settings, now: datetime) -> str:
    """The first line over what is shown: the marking, the run, the day that it speaks for, and how long ago that was."""
    hours = hours_old(as_of, settings, now)
    told = f" ({age(hours)})" if hours <= settings.stale_after_hours else f" · STALE: {age(hours)}"
    return f"{settings.protective_marking} · run {run_id} · as of the end of {as_of}{told}"


def warnings(as_of: date, settings: Settings, now: datetime) -> list[str]:
    """That it is too old, for a reader of the data alone; nothing where it is not."""
    hours = hours_old(as_of, settings, now)
    if hours <= settings.stale_after_hours:
        return []
    return [f"STALE: as of the end of {as_of}, {age(hours)}, over {settings.stale_after_hours} hours"]
