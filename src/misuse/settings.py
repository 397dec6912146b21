"""Settings: what misuse.toml and the environment say, read once and passed on as arguments.

Only this module and the command line read the environment. Everything else gets a `Settings`.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from misuse.errors import UsageError

PROJECT_ROOT = Path(__file__).resolve().parents[2]
PACKAGE_ROOT = Path(__file__).resolve().parent
RULES_ROOT = PACKAGE_ROOT / "rules"
# A wheel carries the models beside the code; a checkout has them at its root.
SQL_ROOT = PACKAGE_ROOT / "_sql" if (PACKAGE_ROOT / "_sql").is_dir() else PROJECT_ROOT / "sql"

# Set before anything that would send telemetry, or look for fonts of the machine, is imported.
QUIET_ENVIRONMENT = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "FONTCONFIG_FILE": str(PACKAGE_ROOT / "reports" / "fonts.conf"),
}


@dataclass(frozen=True)
class Schedule:
    """When the flows run, as cron lines in the reporting zone; empty means never."""

    nightly: str = "30 2 * * *"
    tasking_cycle: str = "0 7 * * 1"
    retention: str = "0 5 * * 0"
    port: int = 4200


@dataclass(frozen=True)
class Limits:
    """The lines that the checks at the two doors hold, each as a share unless its name says."""

    rejected_share: float = 0.05  # over it `ingest` exits 3, with what could go in gone in
    null_share: float = 0.5  # of a mapped column, at landing: warn
    volume_change_share: float = 0.5  # of one day against the same weekday in four trailing weeks
    misuse_change_share: float = 0.5  # the same for the day's share of misuse
    unseen_code_share: float = 0.01  # of calls whose deciding code was never seen before
    unknown_marker_share: float = 0.1  # of calls with markers, one of which no safeguard knows: warn


@dataclass(frozen=True)
class Rates:
    """What an hour costs, as the force states it; nothing is reckoned in pounds from a rate of nought."""

    handler_hour_pounds: float = 0.0
    unit_hour_pounds: float = 0.0
    handler_hours_a_year: float = 1500.0  # 36 hours a week less a fifth for leave, sickness and training: an assumption
    handling_is_cashable: bool = False
    units_are_cashable: bool = False
    source: str = ""  # where the rates come from, printed beside every cost


@dataclass(frozen=True)
class Web:
    """Where the review room listens, how long a sign-in lasts, and whose word on who somebody is it takes."""

    host: str = "127.0.0.1"
    port: int = 8999
    names: str = "127.0.0.1 localhost"  # host names that browsers may ask for, parted by blanks
    is_behind_https: bool = False  # a gateway before it speaks HTTPS: cookies are then sent over that alone
    idle_minutes: int = 30
    longest_hours: int = 10
    sign_on_header: str = ""  # the force's gateway names the user in it; empty: everybody signs in here
    gateway_addresses: str = "127.0.0.1"  # from which the header is believed, parted by blanks


@dataclass(frozen=True)
class Rights:
    """How long what is kept of a person stays: the force's own retention schedule says what these should be."""

    review_months: int = 12  # after a case's last move, when somebody asks whether it is still needed
    keep_months: int = 72  # a case on which somebody acted, after it was closed; an assumption: six years
    keep_unconfirmed_months: int = 12  # one on which nobody ever acted, after its last move
    dispose_within_days: int = 30  # of the day on which it is due
    backup_days: int = 35  # by when a backup that still holds what was put away is gone


@dataclass(frozen=True)
class Settings:
    """What a run needs to know; every field is a key of misuse.toml's [settings] table."""

    home: Path = Path("var")
    threshold: int = 10
    shared_line_threshold: int = (
        15  # in a calendar month: East of England Ambulance, communal addresses (EEAST FOI 22489)
    )
    window_days: int = 365
    episode_gap_minutes: int = 60
    headline_channel: str = "999"
    reporting_zone: str = "Europe/London"
    capacity: int = 12
    cycle_days: int = 14
    number_gap_days: int = 120  # a silence that parts a number's holders, unless their details agree
    number_gap_settled_days: int = 90  # how long ago it ended, so that a late call cannot join them again
    stale_after_hours: int = 36
    bootstrap_replicates: int = 2000
    seed: int = 20051208  # the date of the report that this work starts from
    keep_published: int = 5
    published_gigabytes: int = 50  # the most that published copies may take together
    keep_rejected_days: int = 90
    keep_taken_days: int = 30  # logs taken from the inbox, which hold what the vault holds
    sql_seconds: int = 60
    memory_limit: str = "2600MB"
    threads: int = 0  # 0: as many as the machine has
    protective_marking: str = "OFFICIAL-SENSITIVE"
    handling: str = "Police use only. Pseudonymous personal data: do not forward. Identities by permission only."
    force: str = "Metropolitan Police"
    duty_role: str = "Metcall duty officer"
    notification_hook: str = ""  # a command; it gets one line on its standard input
    inbox: str = "inbox"  # under the home unless absolute; one folder per source inside
    schedule: Schedule = field(default_factory=Schedule)
    limits: Limits = field(default_factory=Limits)
    rates: Rates = field(default_factory=Rates)
    rights: Rights = field(default_factory=Rights)
    web: Web = field(default_factory=Web)
    campaigns: Mapping[str, date] = field(default_factory=dict)  # what began when: a campaign, a new number such as 101
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    config_path: Path | None = None
    # From the environment alone, never from a file that might be shared; empty means the key files.
    vault_key: str = field(default="", repr=False)
    token_key: str = field(default="", repr=False)
    vault_key_new: str = field(default="", repr=False)  # the key that a rotation leads to
    gateway_secret: str = field(default="", repr=False)  # the gateway sends it beside the sign-on header
    casebook_key: str = field(default="", repr=False)

    @property
    def inbox_path(self) -> Path:
        """Where the nightly run looks for files: one folder per source."""
        path = Path(self.inbox)
        return path if path.is_absolute() else self.home / path

    @property
    def reports_path(self) -> Path:
        return self.home / "reports"

    @property
    def published_path(self) -> Path:
        return self.home / "published"

    @property
    def current_path(self) -> Path:
        """The stable path any DuckDB client opens, read-only."""
        return self.published_path / "current.duckdb"


def config_candidates(environ: Mapping[str, str], working_directory: Path) -> list[Path]:
    """Where misuse.toml may lie, the first that exists being used."""
    if environ.get("MISUSE_CONFIG"):
        return [Path(environ["MISUSE_CONFIG"])]
    home = home_path(environ, working_directory)
    return [home / "misuse.toml", working_directory / "misuse.toml"]


def home_path(environ: Mapping[str, str], working_directory: Path) -> Path:
    """The data home: MISUSE_HOME where it says something, else `var` under the working directory.

    Errors: UsageError for a path that no file system takes.
    """
    try:
        home = (working_directory / (environ.get("MISUSE_HOME") or "var")).resolve()
        home.exists()
    except (OSError, RuntimeError, ValueError) as error:  # a name too long, links in a circle, a null byte
        raise UsageError(
            f"the data home cannot be reached: {getattr(error, 'strerror', None) or 'its links lead nowhere'}",
            next_step="name another folder with MISUSE_HOME",
        ) from None
    return home


def working_directory() -> Path:
    """Where the command was typed. Errors: UsageError where that folder is gone."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise UsageError("the folder that you are in was removed", next_step="cd to one that is there") from None


def load(environ: Mapping[str, str], working_directory: Path, config: Path | None = None) -> Settings:
    """The settings from the first misuse.toml found and the environment.

    Errors: UsageError for a named file that is not there, a file that is not TOML, an unknown or
    ill-typed key.
    """
    candidates = [config] if config else config_candidates(environ, working_directory)
    found = next((path for path in candidates if _is_file(path)), None)
    if found is None and (config or environ.get("MISUSE_CONFIG")):
        raise UsageError(f"no settings file at {candidates[0]}", next_step="name one that exists with --config")
    document: dict[str, Any] = {}
    if found is not None:
        try:
            document = tomllib.loads(found.read_text(encoding="utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{found} is not valid TOML: {error}", next_step="mend the line it names") from None
        except RecursionError:
            raise UsageError(f"{found} is nested without end", next_step="mend its brackets") from None
    settings = from_document(document, home=home_path(environ, working_directory), config_path=found)
    return dataclasses.replace(
        settings,
        vault_key=environ.get("MISUSE_VAULT_KEY", ""),
        token_key=environ.get("MISUSE_TOKEN_KEY", ""),
        vault_key_new=environ.get("MISUSE_VAULT_KEY_NEW", ""),
        gateway_secret=environ.get("MISUSE_GATEWAY_SECRET", ""),
        casebook_key=environ.get("MISUSE_CASEBOOK_KEY", ""),
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def from_document(document: Mapping[str, Any], *, home: Path, config_path: Path | None = None) -> Settings:
    """Settings from a parsed misuse.toml. Unknown keys are named, with the nearest known one."""
    where = str(config_path or "misuse.toml")
    _known(document, ("settings", "schedule", "limits", "rates", "rights", "web", "campaigns", "sources"), where, "")
    plain = _table(document.get("settings", {}), where, "settings")
    names = [f.name for f in dataclasses.fields(Settings)]
    for reserved in _NOT_PLAIN:
        names.remove(reserved)
    _known(plain, names, where, "settings")
    defaults = Settings()
    values = {key: _typed(value, getattr(defaults, key), where, f"settings.{key}") for key, value in plain.items()}
    settings = Settings(
        home=home,
        config_path=config_path,
        schedule=_section(Schedule, document.get("schedule", {}), where, "schedule"),
        limits=_section(Limits, document.get("limits", {}), where, "limits"),
        rates=_section(Rates, document.get("rates", {}), where, "rates"),
        rights=_section(Rights, document.get("rights", {}), where, "rights"),
        web=_section(Web, document.get("web", {}), where, "web"),
        campaigns=_campaigns(document.get("campaigns", {}), where),
        sources=_sources(document.get("sources", {}), where),
        **values,
    )
    _sensible(settings, where)
    return settings


# Tables of their own, or from the environment.
_NOT_PLAIN = (
    *("schedule", "limits", "rates", "rights", "campaigns", "sources"),
    *("config_path", "home", "vault_key", "token_key", "vault_key_new", "casebook_key", "gateway_secret"),
)


def _campaigns(value: Any, where: str) -> Mapping[str, date]:
    is_right = isinstance(value, dict) and all(type(day) is date for day in value.values())
    if not is_right:
        raise UsageError(
            f"{where}: [campaigns] must hold names with the day each began",
            next_step='write "school visits" = 2025-03-01',
        )
    return dict(value)


def _sources(value: Any, where: str) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(layout, dict) for layout in value.values()):
        raise UsageError(f"{where}: [sources] must hold one table a source", next_step="write [sources.NAME]")
    return value


def _section(kind: Any, document: Any, where: str, name: str) -> Any:
    _table(document, where, name)
    _known(document, [f.name for f in dataclasses.fields(kind)], where, name)
    defaults = kind()
    return kind(**{k: _typed(v, getattr(defaults, k), where, f"{name}.{k}") for k, v in document.items()})


def _table(document: Any, where: str, name: str) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise UsageError(f"{where}: [{name}] must be a table")
    return document


def _known(document: Mapping[str, Any], names: Any, where: str, table: str) -> None:
    for key in document:
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            inside = f" in [{table}]" if table else ""
            raise UsageError(
                f"{where}: unknown key '{key}'{inside}{hint}", next_step=f"known keys: {', '.join(sorted(names))}"
            )


def _typed(value: Any, default: Any, where: str, key: str) -> Any:
    kind = type(default)
    is_whole_enough = kind is float and isinstance(value, int)
    if isinstance(value, bool) is not (kind is bool) or not (isinstance(value, kind) or is_whole_enough):
        raise UsageError(f"{where}: '{key}' must be {kind.__name__}, as its default {default!r} is")
    most = _MOST.get(re.split("[._]", key)[-1], 2**31 - 1)
    if kind in (int, float) and not 0 <= value <= most:
        raise UsageError(f"{where}: '{key}' must be between 0 and {most:,}", next_step=f"its default is {default!r}")
    return kind(value) if is_whole_enough else value


# A hundred years: reckoned with more, a date is none. And `nan`, which TOML has, is over no limit.
# Threads: from some thousands on a machine makes them for a minute, and then has none to give.
_MOST = {"days": 36_500, "months": 1_200, "hours": 876_000, "minutes": 52_560_000, "threads": 256}


FEWEST_REPLICATES = 20  # of fewer there is no 2.5th percentile that means anything


def is_zone(name: str) -> bool:
    """Whether a name is a time zone's that every engine here knows.

    `localtime` and the like are this machine's alone, and the folders posix and right hold the same zones by other names.
    """
    if name in ("localtime", "posixrules", "Factory") or name.startswith(("posix/", "right/")):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _sensible(settings: Settings, where: str) -> None:
    for key in (
        "threshold",
        "shared_line_threshold",
        "window_days",
        "capacity",
        "cycle_days",
        "number_gap_days",
        "bootstrap_replicates",
        "keep_published",
        "published_gigabytes",
    ):
        if getattr(settings, key) < 1:
            raise UsageError(f"{where}: 'settings.{key}' must be at least 1")
    if settings.bootstrap_replicates < FEWEST_REPLICATES:
        raise UsageError(f"{where}: 'settings.bootstrap_replicates' must be at least {FEWEST_REPLICATES}")
    for key in ("idle_minutes", "longest_hours"):
        if getattr(settings.web, key) < 1:
            raise UsageError(f"{where}: 'web.{key}' must be at least 1")
    _memory(settings.memory_limit, where)
    _inbox(settings, where)
    for key in ("nightly", "tasking_cycle", "retention"):
        _cron(getattr(settings.schedule, key), where, f"schedule.{key}")
    if not is_zone(settings.reporting_zone):
        raise UsageError(
            f"{where}: 'settings.reporting_zone' names no time zone: {settings.reporting_zone}",
            next_step="use a name such as Europe/London",
        )


# What a home keeps for itself, or makes anew: a source of such a name would have its files taken for logs.
OWN_FOLDERS = ("backups", "keys", "packs", "prefect", "published", "quality", "reports", "scratch", "synth")
_OWN_FILES = ("casebook.", "vault.", "warehouse.")


def _inbox(settings: Settings, where: str) -> None:
    """A folder of its own: neither the home, nor around it, nor one that misuse keeps there."""
    try:
        home, inbox = settings.home.resolve(), settings.inbox_path.resolve()
    except (OSError, RuntimeError, ValueError):
        raise UsageError(f"{where}: 'settings.inbox' is no path", next_step="name a folder such as 'inbox'") from None
    is_around = home == inbox or inbox in home.parents
    within = inbox.relative_to(home).parts[0].lower() if not is_around and inbox.is_relative_to(home) else ""
    if is_around or within in OWN_FOLDERS or within.startswith(_OWN_FILES):
        raise UsageError(
            f"{where}: 'settings.inbox' must be a folder of its own: {settings.inbox!r} holds what misuse keeps itself",
            next_step="name one such as 'inbox', or an absolute path outside the data home",
        )


# The forms that DuckDB takes. A minus sign and "none", which it takes too, are no limit at all; a percentage it refuses.
_MEMORY = re.compile(r"\s*(\d{1,7}(?:\.\d+)?)\s*([KMGT])(?:i?B)?\s*", re.IGNORECASE | re.ASCII)
_MEGABYTES = {"K": 1e-3, "M": 1.0, "G": 1e3, "T": 1e6}
LEAST_MEGABYTES = 16  # in less no store opens, and the command would say that memory ran out


def _memory(text: str, where: str) -> None:
    """An amount of memory that DuckDB takes and can work in: refused here, since there it looks like a damaged store."""
    found = _MEMORY.fullmatch(text)
    if found is None or float(found[1]) * _MEGABYTES[found[2].upper()] < LEAST_MEGABYTES:
        raise UsageError(
            f"{where}: 'settings.memory_limit' is no amount of memory from {LEAST_MEGABYTES}MB on: {text!r}",
            next_step="write a number and its unit, such as '2600MB' or '2.6 GB'",
        )


# Minute, hour, day of month, month, day of week; names of months and days pass for numbers.
_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_CRON_FIELD = re.compile(r"(?:\*|(\d+)(?:-(\d+))?)(?:/[1-9]\d*)?")
_CRON_NAMES = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)\b", re.IGNORECASE
)


def _cron(line: str, where: str, key: str) -> None:
    """A cron line of five fields within their ranges; an empty one means never."""
    fields = line.split()
    if not fields:
        return
    is_right = len(fields) == len(_CRON_RANGES) and all(
        _in_range(_CRON_NAMES.sub(str(high), text), low, high)
        for text, (low, high) in zip(fields, _CRON_RANGES, strict=True)
    )
    if not is_right:
        raise UsageError(
            f"{where}: '{key}' is no cron line: {line!r}",
            next_step="write minute hour day month weekday, such as '30 2 * * *', or '' for never",
        )


def _in_range(text: str, low: int, high: int) -> bool:
    for part in text.split(","):
        match = _CRON_FIELD.fullmatch(part)
        if match is None or any(not low <= int(number) <= high for number in match.groups() if number):
            return False
    return True
