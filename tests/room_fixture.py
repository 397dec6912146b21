"""A data home for the review room: an invented published copy, and a casebook with a user of every role."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from misuse import casebook
from misuse.room import Desk, people
from misuse.settings import Settings
from tests import published_fixture

NOW = datetime(2026, 1, 5, 9, 30)
PASSWORD = "correct horse battery"  # noqa: S105 - of invented people
USERS = {
    "ada": "administrator", "ann": "analyst", "rev": "reviewer", "cha": "chair", "aut": "authoriser", "two": "authoriser",
    "aud": "auditor", "hea": "health liaison", "cam": "borough", "lam": "borough",
}  # fmt: skip
# A move that acts on a case, by an option with one precondition.
AGREED = "acceptable_behaviour_agreement"
ACT = {"reason": "talk first", "lane": "engagement", "option": AGREED, "owner": "Camden", "review_date": "2026-02-01"}
BOROUGHS = {"cam": "Camden", "lam": "Lambeth"}


def home(root: Path, persons: int = 14) -> Settings:
    """The home: published, staffed, nothing frozen."""
    settings = Settings(home=root)
    made = published_fixture.build(root / "published" / f"{published_fixture.RUN_ID}.duckdb", persons=persons)
    settings.current_path.symlink_to(made.name)
    with casebook.opened(settings) as book:
        for name, role in USERS.items():
            book.set_user(name, role, actor="ada", occurred_at=NOW, borough=BOROUGHS.get(name))
        for name in USERS:
            book.set_password(name, HASH, actor=name, occurred_at=NOW)
    return settings


HASH = people.hashed(PASSWORD)


def desk(settings: Settings, name: str, at: datetime = NOW) -> Desk:
    """Somebody's desk."""
    return Desk(settings, name, at)
