"""What a flow finds round itself and the pipeline must be given: settings, the time, who acts."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from misuse import casebook
from misuse import settings as misuse_settings
from misuse.settings import Settings

ACTOR = casebook.PIPELINE  # who acts when nobody does


def settings() -> Settings:
    """The settings as they are when the flow runs, from the environment that `misuse schedule` handed on."""
    return misuse_settings.load(os.environ, misuse_settings.working_directory())


def now() -> datetime:
    """This moment, UTC without a zone, as the stores keep time."""
    return datetime.now(tz=UTC).replace(tzinfo=None, microsecond=0)
