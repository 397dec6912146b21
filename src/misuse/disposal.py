"""Putting a person's records away in every store but the casebook: calls stay as calls without a number, what identifies goes.

What was put away stays away: each run applies every certificate again before it tells callers apart, so that what a late
file or a restored backup brings back goes too. The casebook's own part is `Casebook.dispose`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from misuse import callers, casebook, models, store, vault, warehouse
from misuse.casebook.holders import Holding, renamed
from misuse.errors import Refused
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

Value = TypeVar("Value")
_BOUNDS = ("token", "held_from", "held_to")
_PUT_AWAY = "put_away_calls"  # what forget_details reads
# What identifies first, since from then on nothing leads back; each step may be done again.
_STEPS = (
    "retention/forget_details",
    "retention/forget_lines",
    "retention/forget_earlier_lines",
    "retention/forget_numbers",
    "retention/forget_premises",
)


def lines_of(con: duckdb.DuckDBPyConnection, spells: Sequence[str]) -> list[dict[str, Any]]:
    """The lines of some spells and the bounds of each: what a certificate keeps, so that it can be applied again.

    Keys: spell_id, token, is_premises, held_from, held_to, first_call_at, last_call_at; times as text.
    """
    return store.rows(models.select(con, "retention/lines_of_spells", {"spells": list(spells)}), _plain)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def forget(con: duckdb.DuckDBPyConnection, lines: Iterable[Mapping[str, Any]]) -> None:
    """Take what identifies off the calls of some lines within their bounds. The vault is attached."""
    for line in lines:
        values = {name: line[name] for name in _BOUNDS}
        _find_versions(con, "retention/line_put_away", values)
        for name in _STEPS:
            models.script(con, name, values)
        models.drop_temporary(con, _PUT_AWAY)


def _find_versions(con: duckdb.DuckDBPyConnection, lines: str, values: Mapping[str, Any]) -> None:
    """Make the table of the versions of calls that are of the lines which a model names."""
    over = {"lines_put_away": lines}
    models.build(con, "retention/versions_of_lines", values, temporary=True, relation=_PUT_AWAY, over=over)


def certified_lines(settings: Settings) -> list[dict[str, Any]]:
    """The lines that every certificate keeps. Whoever holds a number still is put away up to the certificate's moment.

    What the number's next calls say is of whoever calls then.
    """
    if not casebook.casebook_path(settings).exists():
        return []
    with casebook.opened(settings) as book:
        return [
            {**line, "held_to": line["held_to"] or event.at.isoformat()}
            for event in book.entries("disposed")
            for line in (event.data.get("leaves") or {}).get("lines") or ()
        ]


def reapply(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Apply every certificate again, the vault attached, where a call of its lines is back."""
    lines = certified_lines(settings)
    if lines:
        values = {name: [line[name] for line in lines] for name in _BOUNDS}
        found = models.select(con, "retention/returned_lines", values).fetchall()
        back = {str(token) for (token,) in found}
        forget(con, [line for line in lines if line["token"] in back])


def dispose(
    settings: Settings, spells: Sequence[str], certify: Callable[[list[dict[str, Any]], list[str]], Value]
) -> tuple[list[dict[str, Any]], Value]:
    """Put the spells away in vault and warehouse; their lines, and what `certify` recorded, given these and the keys of
    calls that a rule bars: they stay barred when what the rule knew them by is gone.

    The certificate stands before anything goes: whatever breaks off after it the next run's `reapply` ends, and if nothing
    is recorded nothing goes.
    Errors: LockHeld while a run writes; Refused where the stores take these numbers' holders for others than the published
    copy does, because the last run failed, and where a call of theirs is in that no run has counted: it may be of whoever
    holds the number now.
    """
    with casebook.opened(settings) as book:
        shown = book.holders().held()
    with warehouse.opened(settings, with_vault=True) as con:
        mine, names = set(spells), {*spells, *(spell for _, spell, *_ in shown)}
        theirs = renamed(names, shown, callers.holdings(con))
        if any(found != (name,) for name, found in theirs.items() if mine.intersection((name, *found))):
            raise Refused(
                "the last run was not published, and it tells of other holders of these numbers than the published list",
                next_step="misuse run, then put them away",
            )
        if not store.holds(con, "calls") or _of_lines(con, "unrun_lines", spells):
            raise Refused(
                "a call from these numbers is in that no run has counted, and it may be of whoever holds them now",
                next_step="misuse run, then put them away",
            )
        lines = lines_of(con, spells)
        recorded = certify(lines, [str(call) for (call,) in _of_lines(con, "barred_calls", spells)])
        forget(con, lines)
    return lines, recorded


def _of_lines(con: duckdb.DuckDBPyConnection, name: str, spells: Sequence[str]) -> list[tuple[Any, ...]]:
    """What a model finds of the lines of some spells, each within its bounds."""
    over = {"lines_put_away": "retention/lines_of_spells"}
    models.build(con, f"retention/{name}", {"spells": list(spells)}, temporary=True, over=over)
    found = con.table(name).fetchall()
    models.drop_temporary(con, name)
    return found


def _was_put_back(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the last run was forced to a day before another's: it does not know of stops that came later."""
    if not (store.holds(con, "calls") and store.holds(con, "windows")):
        return True
    row = con.execute(_PUT_BACK).fetchone()
    return row is None or bool(row[0])


_PUT_BACK = """
select coalesce((select max(last_date) from windows) < (select max(as_of) from run_ledger where status = 'published'), true)
"""


def never_confirmed(settings: Settings, now: datetime, *, dry_run: bool) -> int:
    """Forget who held the numbers of callers on whom nobody ever acted and who have long been quiet; how many numbers.

    Their calls stay under the pseudonym, and no count changes. Whoever has a case, or whom a stop protects, is kept; and
    everybody, where the last run was forced to an earlier day than another's.
    """
    if not (vault.vault_path(settings).exists() and warehouse.warehouse_path(settings).exists()):
        return 0
    kept, shown = _kept(settings)
    with warehouse.opened(settings, with_vault=True) as con:
        if not store.holds(con, "caller_numbers") or _was_put_back(con):
            return 0
        before = earlier(now, settings.rights.keep_unconfirmed_months)
        as_held = renamed(kept, shown, callers.holdings(con))  # the stores may be of a run that failed
        values = {
            "before": before,
            "number_gap_days": settings.number_gap_days,
            "kept_spells": sorted(kept | {spell for found in as_held.values() for spell in found}),
        }
        models.build(con, "retention/quiet_lines", values, temporary=True)
        lines = int(models.scalar(con, "retention/due_quiet_lines", {})[0])
        if lines and not dry_run:
            _find_versions(con, "retention/quiet_lines_put_away", {})
            for name in _QUIET:
                models.script(con, name, {})
            models.drop_temporary(con, _PUT_AWAY)
        models.drop_temporary(con, "quiet_lines")
    return lines


def _kept(settings: Settings) -> tuple[set[str], list[Holding]]:
    """Spells of cases and of stops; and who held the numbers that passed on, in the run that names them."""
    if not casebook.casebook_path(settings).exists():
        return set(), []
    with casebook.opened(settings) as book:
        found = {spell for case in book.cases().values() for spell in case["spells"]}
        found |= {spell for stop in book.live_stops() for spell in (*stop.spells, *stop.kept)}
        found |= {spell for members, _ in book.carried_stops() for spell in members}
        return found, book.holders().held()


_QUIET = (
    "retention/forget_details",
    "retention/forget_quiet_spells",
    "identities/forget_records",
    "retention/forget_quiet_numbers",
    "retention/forget_quiet_premises",
)


def earlier(now: datetime, months: int) -> datetime:
    """The first moment, UTC without a zone, of the month some months before now's."""
    whole = now.year * 12 + now.month - 1 - months
    return datetime(whole // 12, whole % 12 + 1, 1)  # noqa: DTZ001 - as the stores keep time


def sweep(settings: Settings) -> list[str]:
    """Remove copies of before the newest certificate: published ones but the current, their reports, earlier casebooks.

    The names of what went. The current copy goes the same way once a run has published another.
    """
    before = _newest(settings)
    if before is None:
        return []
    current = settings.current_path.resolve()
    copies = [path for path in settings.published_path.glob("*.duckdb") if not path.is_symlink() and path != current]
    reports = [path for path in _folders(settings.reports_path) if path.name != current.stem]
    earlier = [*settings.home.glob("casebook.before-*.sqlite"), *(settings.home / "backups").glob("*")]
    return [_removed(path) for path in (*copies, *reports, *earlier) if path.lstat().st_mtime <= before]


def is_before(settings: Settings, path: Path) -> bool:
    """Whether a copy is older than the newest certificate, so that it may hold what was put away."""
    before = _newest(settings)
    return before is not None and path.stat().st_mtime <= before


def _newest(settings: Settings) -> float | None:
    """When somebody was last put away; None where nobody ever was."""
    if not casebook.casebook_path(settings).exists():
        return None
    with casebook.opened(settings) as book:
        found = [event for event in book.entries("disposed") if (event.data.get("leaves") or {}).get("spells")]
    return found[-1].at.replace(tzinfo=UTC).timestamp() if found else None


def _folders(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir() and not path.is_symlink()] if root.is_dir() else []


def _removed(path: Path) -> str:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    return path.name
