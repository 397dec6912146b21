"""What every test starts from: nothing is sent anywhere, and chance repeats itself."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from misuse.settings import QUIET_ENVIRONMENT

os.environ.update(QUIET_ENVIRONMENT)

# The same examples every time; `HYPOTHESIS_PROFILE=deep` looks further, with new ones.
settings.register_profile("fixed", derandomize=True, database=None, deadline=None, max_examples=50)
settings.register_profile("deep", database=None, deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


@pytest.fixture
def unreported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs end at the published copy: lists, pictures and data docs are a third of a small run, and asked of elsewhere."""
    from misuse import pipeline

    monkeypatch.setitem(pipeline._STEPS, "report", ("Writing no reports", lambda *_: None))
