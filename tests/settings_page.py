"""docs/settings.md, made from the settings' own declaration: `python -m tests.settings_page` writes it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from misuse.settings import Limits, Rates, Rights, Schedule, Settings, Web

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
# Given by the environment or by where the file lies, not by a key of it.
NOT_KEYS = {
    "home",
    "schedule",
    "limits",
    "rates",
    "rights",
    "web",
    "campaigns",
    "sources",
    "config_path",
    "vault_key",
    "token_key",
    "vault_key_new",
    "casebook_key",
    "gateway_secret",
}

MEANINGS = {
    "settings.threshold": "misuse calls in the window that make a caller persistent",
    "settings.shared_line_threshold": "misuse calls in a calendar month that put a shared line or premises over its own threshold",
    "settings.window_days": "length of the headline window, in local days to as-of",
    "settings.episode_gap_minutes": "misuse calls of one caller no further apart than this are one episode",
    "settings.headline_channel": "the channel that the headline counts",
    "settings.reporting_zone": "the zone of local days, hours and schedules",
    "settings.capacity": "callers that a meeting can take on: the most in parts 2 and 3 of the list",
    "settings.cycle_days": "days between meetings, until terms of reference say others; over so many days the list and the brief look back, and a stop is new on the look list",
    "settings.number_gap_days": "a silence of a number after which its calls are a new holder's, unless details on both sides agree",
    "settings.number_gap_settled_days": "how long before as-of the silence must have ended, so that a late call cannot join them again",
    "settings.stale_after_hours": "age of the published as-of from which everything says that it is stale",
    "settings.bootstrap_replicates": "resamples behind each interval",
    "settings.seed": "seed of the resamples, so that a rerun gives the same interval",
    "settings.keep_published": "published copies and reports kept, the newest first",
    "settings.published_gigabytes": "the most that published copies may take together; the current one stays",
    "settings.keep_rejected_days": "days for which rejected rows are kept in the vault, to be mended",
    "settings.keep_taken_days": "days for which logs taken from the inbox are kept; the vault holds what they hold",
    "settings.sql_seconds": "time limit of `misuse sql`",
    "settings.memory_limit": "memory that DuckDB may take, such as `2600MB` or `2.6 GB`; at least 16 MB",
    "settings.threads": "threads that DuckDB may take; 0 is as many as the machine has",
    "settings.protective_marking": "the marking on every page and file",
    "settings.handling": "the handling instruction beside it",
    "settings.force": "whose list it is, on the cover",
    "settings.duty_role": "who looks, where no rule that stops the caller names somebody",
    "settings.notification_hook": "a command that gets each problem on its standard input; empty: none",
    "settings.inbox": "where the nightly run looks, a folder a source; under the home unless absolute",
    "schedule.nightly": "inbox to published list",
    "schedule.tasking_cycle": "freezes the list for the meeting, once the days between two meetings have gone by",
    "schedule.retention": "puts away what is past its time",
    "schedule.port": "of Prefect's server, on loopback alone; 0 takes any free one",
    "limits.rejected_share": "of a file's rows; over it `ingest` exits 3, with what could go in gone in",
    "limits.null_share": "of a mapped column that used to be filled: a warning",
    "limits.volume_change_share": "of a day's calls against the same weekday of the four weeks before: a warning",
    "limits.misuse_change_share": "the same for the day's share of misuse",
    "limits.unseen_code_share": "of calls whose deciding code was never seen before: a warning",
    "limits.unknown_marker_share": "of calls with markers, one of which no safeguard knows, so that it stops nothing: a warning",
    "rights.review_months": "months after a case's last move after which somebody asks whether it is still needed",
    "rights.keep_months": "months that a case on which somebody acted is kept after it was closed; six years are an assumption",
    "rights.keep_unconfirmed_months": "months that a case on which nobody ever acted is kept after its last move",
    "rights.dispose_within_days": "days within which what is due for disposal is put away",
    "rights.backup_days": "days after which no backup holds any more what was put away",
    "rates.handler_hour_pounds": "what an hour of a call handler costs; 0: not stated, and no cost of handling is reckoned",
    "rates.unit_hour_pounds": "the same for an hour of a unit",
    "rates.handler_hours_a_year": "hours that one full-time handler works in a year; the default is an assumption",
    "rates.handling_is_cashable": "whether handling time saved would be money saved, and not time for other calls",
    "rates.units_are_cashable": "the same for unit time",
    "rates.source": "where the rates come from; printed beside every cost",
    "web.host": "address that `misuse serve` listens on; another than loopback only behind HTTPS",
    "web.port": "its port",
    "web.names": "host names that browsers may ask for, parted by blanks",
    "web.is_behind_https": "a gateway before it speaks HTTPS: cookies are then sent over that alone",
    "web.idle_minutes": "without a page asked for, after which a sign-in ends",
    "web.longest_hours": "after which a sign-in ends whatever was done",
    "web.sign_on_header": "header in which the force's gateway names the user; empty: everybody signs in with a password",
    "web.gateway_addresses": "addresses from which that header is believed, parted by blanks",
}

ENVIRONMENT = {
    "MISUSE_HOME": "the data home; `var` under the working directory otherwise",
    "MISUSE_CONFIG": "the settings file; otherwise `misuse.toml` in the home, then in the working directory",
    "MISUSE_VAULT_KEY": "the vault key, where it must not lie in a file; otherwise `keys/vault.key` in the home",
    "MISUSE_VAULT_KEY_NEW": "the key that `misuse vault rotate` leads to, where the vault key comes from the environment",
    "MISUSE_CASEBOOK_KEY": "the key that chains the casebook; else `keys/casebook.key`",
    "MISUSE_TOKEN_KEY": "the token key, likewise; `keys/token.key`",
    "MISUSE_GATEWAY_SECRET": "what the force's gateway sends as `X-Gateway-Secret` beside the sign-on header; without it none is believed",
    "MISUSE_DEBUG": "shows the trace of a fault of the program; only on data that may be shown",
}

OPENING = """# Settings

`misuse.toml` lies in the data home, or in the working directory, or where `--config` or `MISUSE_CONFIG` says. It needs to
hold only what differs from the defaults below; a key that is not known is named, with the nearest that is. Sources of
call logs are declared in the same file, each in a table `[sources.NAME]`. A table `[campaigns]` holds what began when, a
campaign or a new number, as `"school visits" = 2025-03-01`: each run then says what changed from that day on.

This page is made by `python -m tests.settings_page` from `src/misuse/settings.py`; a test keeps them in step.
"""

HEADINGS = {
    "settings": "What is counted, shown and kept.",
    "schedule": "When the flows run: cron lines in the reporting zone; an empty one means never.",
    "rates": "What an hour costs, as the force states it.",
    "rights": "How long what is kept of a person stays. The force's own retention schedule says what these should be.",
    "web": "Where the review room listens, and how long a sign-in lasts.",
    "limits": "The lines that the checks at the two doors hold; shares lie between 0 and 1.",
}


def declared() -> Iterator[tuple[str, str, Any]]:
    """Every table, key and default of misuse.toml, in the order of their declaration."""
    for table, kind in (
        ("settings", Settings),
        ("schedule", Schedule),
        ("rates", Rates),
        ("rights", Rights),
        ("web", Web),
        ("limits", Limits),
    ):
        defaults = kind()
        for field in dataclasses.fields(kind):
            if table != "settings" or field.name not in NOT_KEYS:
                yield table, field.name, getattr(defaults, field.name)


def page() -> str:
    """The page as it should be."""
    parts = [OPENING]
    for wanted, words in HEADINGS.items():
        parts.append(f"## [{wanted}]\n\n{words}\n\n| key | default | what it is |\n|---|---|---|")
        rows = [
            f"| `{key}` | `{_toml(value)}` | {MEANINGS[f'{table}.{key}']} |"
            for table, key, value in declared()
            if table == wanted
        ]
        parts.append("\n".join(rows) + "\n")
    parts.append("## The environment\n\n| variable | what it is |\n|---|---|")
    parts.append("\n".join(f"| `{name}` | {words} |" for name, words in ENVIRONMENT.items()) + "\n")
    return "\n".join(parts).replace("|---|\n\n|", "|---|\n|")


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"written: {PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
